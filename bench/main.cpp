// atelier-bench: HTTP load, measured from when each request was meant to start.
#include "bench/load/commands.hpp"

int main(int argc, char** argv) { return atelier::bench::run_program(argc, argv); }

"""What a page says of options is what `--help` says."""

import re
import subprocess

import markdown

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
ROLES = ("up", "api", "lb", "schema apply", "schema status", "etl load", "etl check", "etl read", "etl sample")
BENCH_COMMANDS = ("run", "search", "list", "show")


def options_of(program, *words):
    done = subprocess.run([str(program), *words, "--help"], capture_output=True, text=True, timeout=60)
    return set(OPTION.findall(done.stdout + done.stderr))


def said_by(program, *words):
    return subprocess.run([str(program), *words], capture_output=True, text=True, timeout=60, check=True).stdout


class Known:
    def __init__(self, build, root):
        self.roles = {role: options_of(build / "atelier", *role.split()) for role in ROLES}
        self.atelier = options_of(build / "atelier").union(*self.roles.values())
        bench = build / "atelier-bench"
        self.bench = options_of(bench).union(*(options_of(bench, word) for word in BENCH_COMMANDS))
        self.dev = options_of("python3", "-B", root / "bench" / "compare" / "main.py")
        self.dev_commands = set(re.findall(r"^\./dev (\w+)", said_by(root / "dev", "help"), re.M))
        self.scenarios = {line.split()[0] for line in said_by(bench, "list").splitlines()}

    def of_command(self, words):
        """The options that a command line of ours may have; nothing if it is not ours."""
        program = words[0].rsplit("/", 1)[-1]
        if program == "atelier":
            role = next((role for role in ROLES if words[1:1 + len(role.split())] == role.split()), None)
            return self.roles[role] if role else self.atelier
        if program == "atelier-bench":
            return self.bench
        if program == "dev":
            return self.dev | self.roles["up"]
        return None


    def absent(self, words):
        """What a command line names that is not there: a command of ./dev or of the load generator, or a ready scenario."""
        program, names = words[0].rsplit("/", 1)[-1], [w for w in words[1:3] if re.fullmatch(r"[a-z][a-z-]*", w)]
        if words[0] == "./dev" and names and names[0] not in self.dev_commands:
            return names[0]
        if program == "atelier-bench" and names and names[0] not in BENCH_COMMANDS:
            return names[0]
        if program == "atelier-bench" and len(names) > 1 and names[1] not in self.scenarios:
            return names[1]
        return None


def commands(text):
    """Command lines in a block or a span, folded lines made whole, comments and here-documents left out."""
    text = re.sub(r"<<-?'?(\w+)'?.*?\n.*?^\1$", "", text, flags=re.S | re.M)
    for line in re.sub(r"\\\n", " ", text).split("\n"):
        for one in re.split(r"\s(?:\||&&|;)\s", re.sub(r"(^|\s)#.*", "", line)):
            words = [w for w in re.sub(r"^(\s*\w+=\S+\s)+|^\s*(exec|time|sudo)\s", "", one).split() if w]
            if words:
                yield words


def faults_of_text(known, where, text, loose):
    """`loose`: a span of prose, where an option may stand alone."""
    for words in commands(text):
        if absent := known.absent(words):
            yield f"{where}: there is no '{absent}' for {words[0]}"
        may = known.of_command(words)
        if may is None and (not loose or not words[0].startswith("--")):
            continue
        may = known.atelier | known.bench | known.dev if may is None else may
        for option in OPTION.findall(" ".join(words)):
            if option not in may:
                yield f"{where}: there is no {option}" + ("" if words[0].startswith("--") else f" of '{' '.join(words[:2])}'")


def faults_of_toml(known, where, text):
    section = None
    for line in text.split("\n"):
        if found := re.match(r"\[([\w.]+)\]", line):
            section = found.group(1).replace(".", " ")
            if not any((role + " ").startswith(section + " ") for role in ROLES):
                yield f"{where}: there is no section [{found.group(1)}]"
        elif (found := re.match(r"([\w-]+)\s*=", line)) and section:
            roles = [role for role in ROLES if (role + " ").startswith(section + " ")]
            if not any("--" + found.group(1) in known.roles[role] for role in roles):
                yield f"{where}: [{section}] has no {found.group(1)}"


def faults(some, build, root):
    known = Known(build, root)
    for page in some:
        for block in page.blocks:
            where = f"{page.name}:{block.line}"
            if block.language == "sh":
                yield from faults_of_text(known, where, block.text, loose=False)
                for here in re.findall(r"<<-?'?(\w+)'?[^\n]*\n(.*?)^\1$", block.text, re.S | re.M):
                    yield from faults_of_toml(known, where, here[1])
            elif block.language == "toml":
                yield from faults_of_toml(known, where, block.text)
        for line, span in markdown.code_spans(page):
            yield from faults_of_text(known, f"{page.name}:{line}", span, loose=True)

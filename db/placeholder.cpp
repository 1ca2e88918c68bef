namespace atelier {}

# Shell functions that other components source.

# Prints its arguments as one sentence.
toolbox_sentence() {
  printf '%s.' "$*"
}

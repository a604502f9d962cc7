/* <spawn.h> of z/OS, beside the C library's own, which the stub needs. */
#include_next <spawn.h>
#include <zos_inheritance.h>

/*
 * Of <spawn.h>. Names, types and order: RTL spawn; ACS BPXYINHE has the same order, and the bits 80, 40, 20, 10 in the first byte of its
 * flags, which is where the short has them. INHE#NEWPGROUP is 0. The value of SPAWN_FDCLOSED: NOT SOURCED.
 */
#ifndef ZOS_INHERITANCE_H
#define ZOS_INHERITANCE_H
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#define SPAWN_FDCLOSED (-1)
#define SPAWN_NEWPGROUP 0
#define SPAWN_SETGROUP 0x8000
#define SPAWN_SETSIGMASK 0x4000
#define SPAWN_SETSIGDEF 0x2000
#define SPAWN_SETTCPGRP 0x1000

struct inheritance {
    short flags;
    pid_t pgroup;
    sigset_t sigmask;
    sigset_t sigdefault;
    int ctlttyfd;
};
_Static_assert(offsetof(struct inheritance, pgroup) == 4 && offsetof(struct inheritance, sigmask) == 8, "BPXYINHE");
/* sigset_t has 8 bytes on z/OS; Linux has its own under the stub. */
#ifdef __MVS__
_Static_assert(offsetof(struct inheritance, sigdefault) == 16 && offsetof(struct inheritance, ctlttyfd) == 24, "BPXYINHE");
#endif

pid_t spawn(const char *path, const int count, const int map[], const struct inheritance *inherit, const char *argv[], const char *envp[]);
#endif

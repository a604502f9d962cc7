/* <spawn.h> of z/OS. */
#ifndef ZOS_STUB_SPAWN_H
#define ZOS_STUB_SPAWN_H
#include_next <spawn.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#define SPAWN_FDCLOSED (-1)
#define SPAWN_NEWPGROUP 0
#define SPAWN_SETGROUP 0x8000
#define SPAWN_SETSIGMASK 0x4000
#define SPAWN_SETSIGDEF 0x2000
#define SPAWN_SETTCPGRP 0x1000

/* sigset_t has 8 bytes on z/OS; the C library's own is larger here, so only what stands before it has the offsets of the reference. */
struct inheritance {
    short flags;
    pid_t pgroup;
    sigset_t sigmask;
    sigset_t sigdefault;
    int ctlttyfd;
};
struct zos_stub_inheritance_layout {
    short flags;
    int pgroup;
    unsigned long long sigmask;
    unsigned long long sigdefault;
    int ctlttyfd;
};
_Static_assert(offsetof(struct inheritance, flags) == 0 && offsetof(struct inheritance, pgroup) == 4, "inheritance");
_Static_assert(offsetof(struct inheritance, sigmask) == 8, "inheritance");
_Static_assert(offsetof(struct zos_stub_inheritance_layout, sigdefault) == 16, "inheritance");
_Static_assert(offsetof(struct zos_stub_inheritance_layout, ctlttyfd) == 24, "inheritance");

pid_t spawn(const char *path, int fd_count, const int fd_map[], const struct inheritance *inherit, const char *argv[],
            const char *envp[]);
#endif

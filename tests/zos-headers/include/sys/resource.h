/* Go: Rlimit, zerrors. RLIM_INFINITY: the value NOT SOURCED. */
#ifndef ZOS_SYS_RESOURCE_H
#define ZOS_SYS_RESOURCE_H
#include <sys/types.h>
#define RLIMIT_AS 5
#define RLIMIT_MEMLIMIT 7
typedef unsigned long rlim_t;
#define RLIM_INFINITY ((rlim_t)-1)
struct rlimit {
    rlim_t rlim_cur;
    rlim_t rlim_max;
};
_Static_assert(sizeof(struct rlimit) == 16, "Rlimit");
int getrlimit(int resource, struct rlimit *limit);
#endif

/* RTL sysconf. The value: NOT SOURCED. */
#ifndef ZOS_UNISTD_H
#define ZOS_UNISTD_H
#include <sys/types.h>
#define _SC_CLK_TCK 931
long sysconf(int name);
#endif

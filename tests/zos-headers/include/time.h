/* C11 7.27 in part. RTL clock: CPU time of the process. */
#ifndef ZOS_TIME_H
#define ZOS_TIME_H
#include <sys/types.h>
clock_t clock(void);
/* The value: NOT SOURCED. */
#define CLOCKS_PER_SEC 921
#endif

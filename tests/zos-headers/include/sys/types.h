/* LP64. Go: Stat_LE_t and Tms for the signs of uid_t, gid_t, mode_t (signed) and clock_t (4 bytes, unsigned). */
#ifndef ZOS_SYS_TYPES_H
#define ZOS_SYS_TYPES_H
#include <stddef.h>
typedef long ssize_t;
typedef int pid_t;
typedef int uid_t;
typedef int gid_t;
typedef int mode_t;
typedef int nlink_t;
typedef int id_t;
typedef unsigned int dev_t;
typedef unsigned int ino_t;
typedef int blksize_t;
typedef long blkcnt_t;
typedef long off_t;
typedef long time_t;
typedef unsigned int clock_t;
/* RTL msgctl, semctl: key_t of <sys/types.h>. */
typedef int key_t;
_Static_assert(sizeof(long) == 8 && sizeof(void *) == 8 && sizeof(int) == 4 && sizeof(short) == 2, "LP64");
#endif

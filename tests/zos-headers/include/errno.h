/* Go, zerrors. RTL __errno2: its example includes <errno.h>. */
#ifndef ZOS_ERRNO_H
#define ZOS_ERRNO_H
int *__errno(void);
#define errno (*__errno())
#define EACCES 111
#define EAGAIN 112
#define EBADF 113
#define ECHILD 115
#define EFAULT 118
#define EINTR 120
#define EINVAL 121
#define EIO 122
#define ENOENT 129
#define ENOMEM 132
#define EPERM 139
#define ESRCH 143
#define E2BIG 145
/* Another number than EAGAIN. */
#define EWOULDBLOCK 1102
int __errno2(void);
#endif

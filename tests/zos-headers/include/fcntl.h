/* Go, zerrors and ztypes (Flock_t, which is packed). */
#ifndef ZOS_FCNTL_H
#define ZOS_FCNTL_H
#include <sys/types.h>
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#define F_RDLCK 1
#define F_WRLCK 2
#define F_UNLCK 3
int fcntl(int descriptor, int command, ...);
#pragma pack(push, 4)
struct flock {
    short l_type;
    short l_whence;
    off_t l_start;
    off_t l_len;
    pid_t l_pid;
};
#pragma pack(pop)
_Static_assert(sizeof(struct flock) == 24, "Flock_t");
#ifdef _OPEN_SYS_FILE_EXT
#include <zos_file_tag.h>
#endif
#endif

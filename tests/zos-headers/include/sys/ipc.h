/* Go: SysvIpcPerm for the types, zerrors for the commands. */
#ifndef ZOS_SYS_IPC_H
#define ZOS_SYS_IPC_H
#include <sys/types.h>
#define IPC_RMID 1
#define IPC_SET 2
#define IPC_STAT 3
struct ipc_perm {
    uid_t uid;
    gid_t gid;
    uid_t cuid;
    gid_t cgid;
    mode_t mode;
};
_Static_assert(sizeof(struct ipc_perm) == 20, "SysvIpcPerm");
#endif

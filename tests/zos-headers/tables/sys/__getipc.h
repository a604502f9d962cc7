/*
 * zoslib (src/zos.cc) for the call, the commands and the fields it reads; RTL __getipc for the prototype. What stands before, between and
 * behind these fields: NOT SOURCED, so that only names may be used, never places.
 */
#ifndef ZOS_SYS_GETIPC_H
#define ZOS_SYS_GETIPC_H
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/types.h>

#define IPCQALL 1
#define IPCQMSG 2
#define IPCQSEM 3
#define IPCQSHM 4

typedef union {
    struct {
        int ipcqlength;
        char ipcqtype[4];
        int ipcqmid;
        int ipcqkey;
        struct ipc_perm ipcqpcp;
        pid_t ipcqlspid;
        pid_t ipcqlrpid;
    } msg;
} IPCQPROC;

int __getipc(int token, IPCQPROC *place, size_t size, int command);
#endif

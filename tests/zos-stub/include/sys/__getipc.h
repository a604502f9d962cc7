/* <sys/__getipc.h> of z/OS: the fields that zoslib uses of it, and the commands that IBM documents for __getipc(). */
#ifndef ZOS_STUB_GETIPC_H
#define ZOS_STUB_GETIPC_H
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

int __getipc(int token_id, IPCQPROC *bufptr, size_t buflng, int cmd);

#endif

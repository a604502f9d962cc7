/* RTL msgctl. What the structure holds is not asked. */
#ifndef ZOS_SYS_MSG_H
#define ZOS_SYS_MSG_H
#include <sys/ipc.h>
struct msqid_ds;
int msgctl(int id, int command, struct msqid_ds *buffer);
#endif

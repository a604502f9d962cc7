/* RTL spawn. There is no posix_spawn: zoslib makes one of fork and exec. */
#ifndef ZOS_SPAWN_H
#define ZOS_SPAWN_H
#include <zos_inheritance.h>
#endif

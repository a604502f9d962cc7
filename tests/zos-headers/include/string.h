/* C11 7.24 in part. */
#ifndef ZOS_STRING_H
#define ZOS_STRING_H
#include <stddef.h>
int memcmp(const void *one, const void *other, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *place, int byte, size_t size);
#endif

/* C11 7.22 in part; RTL __malloc31, of AMODE 64. */
#ifndef ZOS_STDLIB_H
#define ZOS_STDLIB_H
#include <stddef.h>
void *malloc(size_t size);
void free(void *place);
int atoi(const char *text);
_Noreturn void exit(int code);
void *__malloc31(size_t size);
#endif

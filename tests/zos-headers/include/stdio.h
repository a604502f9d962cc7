/* C11 7.21 in part. fldata: RTL and PG, "fldata() structure", which give the first twelve names; the order of the others: NOT SOURCED. */
#ifndef ZOS_STDIO_H
#define ZOS_STDIO_H
#include <stddef.h>
typedef struct zos_file FILE;
/* Go, zerrors. */
#define SEEK_SET 0
FILE *fopen(const char *restrict name, const char *restrict mode);
size_t fread(void *restrict place, size_t size, size_t count, FILE *restrict stream);
size_t fwrite(const void *restrict place, size_t size, size_t count, FILE *restrict stream);
int fflush(FILE *stream);
int fclose(FILE *stream);
int feof(FILE *stream);
int ferror(FILE *stream);
int snprintf(char *restrict place, size_t size, const char *restrict format, ...) __attribute__((format(printf, 3, 4)));
typedef struct {
    unsigned int __recfmF : 1, __recfmV : 1, __recfmU : 1, __recfmS : 1, __recfmBlk : 1, __recfmASA : 1, __recfmM : 1, __dsorgPO : 1;
    unsigned int __dsorgPDSmem : 1, __dsorgPDSdir : 1, __dsorgPS : 1, __dsorgConcat : 1;
    unsigned long __blksize;
    unsigned long __maxreclen;
} fldata_t;
/* Only under LANGLVL(EXTENDED), which Clang's gnu11 is (_EXT); else it is __fldata. */
#if defined(_EXT) || defined(_ALL_SOURCE)
int fldata(FILE *stream, char *name, fldata_t *data);
#endif
#endif

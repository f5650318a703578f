/* What `make bench` measures: a file each. Every figure is printed with the one it is to be compared with, from the same
 * run on the same machine; absolute numbers of a shared machine mean little. */
#ifndef TACH_TESTS_BENCH_H
#define TACH_TESTS_BENCH_H

#include <stddef.h>

void bench_publish(void);  /* what an event costs the program that publishes it */
void bench_screen(void);   /* bytes, CPU, RSS, first frame and key to screen, beside htop and top */
void bench_watching(void); /* what being watched costs a program */
void bench_symbol(void);   /* names, lines and stacks of a program's addresses */
void bench_sockets(void);  /* looking at a program's sockets */
void bench_probes(void);   /* what each probe in the kernel adds to what it is in the way of */

double bench_quantile(double *values, size_t count, double q); /* sorts the values; interpolates between the nearest */

#endif

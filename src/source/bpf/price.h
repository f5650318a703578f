/*
 * What the probes cost, and what is left out when that is too much. Plain arithmetic on rates: who measures them, and who
 * does what was decided, is meter.c's and bpf.c's matter.
 */
#ifndef TACH_SOURCE_BPF_PRICE_H
#define TACH_SOURCE_BPF_PRICE_H

#include "base/clock.h"
#include "source/bpf/shared.h"

#include <stdbool.h>
#include <stddef.h>

#define PRICE_MOST 0.02       /* of the target's CPU time, where --max-cost does not say */
#define PRICE_COUNTS_FROM 2.5 /* times that: beyond it only counts */
#define PRICE_OFF_FROM 5      /* times that: beyond it probes are taken out */
#define PRICE_NEGLIGIBLE 1e-3 /* CPU seconds a second below which nobody is disturbed, however idle the target is */

/* The table: nanoseconds that an event costs, on the machine of `make bench` (getppid: PRICE_REFERENCE). 0 is a stage that
 * the group does not have. */
struct price_row {
	double target[PRICE_OFF];
	double bystander;         /* the same event of anybody else */
	bool switches;            /* its events are switches of threads, of which /proc tells how many there are in all */
	bool own;                 /* its events are nanoseconds of this machine, and it minds itself what it costs */
};

#define PRICE_REFERENCE 94.0

struct price_use {
	const struct price_row *row;
	double events, others;    /* a second: the target's, everybody else's */
	double scale;             /* this machine, and what the kernel's statistics say of the group: 1 as in the table */
};

/* CPU seconds a second that the target, or all others, pay for it. */
double price_target(const struct price_use *u, enum price_stage stage);
double price_bystanders(const struct price_use *u, enum price_stage stage);

/* The mildest stage of the group that is at least as mild as that one is harsh. */
enum price_stage price_nearest_stage(const struct price_row *row, enum price_stage stage);

/* What each should do, for a target that uses `cpu` CPU seconds a second and may be charged the ratio `most` of them: as
 * much as all of it would cost in full decides how harsh, and the dearest go first, only as many as it takes. */
void price_decide(const struct price_use *uses, size_t count, double cpu, double most, enum price_stage *out);

/* Lets stages become harsher at once, but for PRICE_OFF, which has to last; milder only after a while, that doubles each
 * time; and never out of PRICE_OFF. */
#define PRICE_GROUPS 16
#define PRICE_PATIENCE (3 * NSEC_PER_SEC)
#define PRICE_CALM (30 * NSEC_PER_SEC)
#define PRICE_CALM_MOST (3600 * NSEC_PER_SEC)

struct price_guard {
	enum price_stage stage[PRICE_GROUPS];
	nsec_t off_since[PRICE_GROUPS];  /* from when on it should be off; 0: it should not */
	nsec_t calm_since[PRICE_GROUPS]; /* from when on it could be milder; 0: it could not */
	nsec_t calm[PRICE_GROUPS];       /* how long that has to last; 0: PRICE_CALM */
};

/* Takes what was decided now; returns whether some stage changed. To be asked with a limit that is lower by PRICE_MARGIN
 * whether a group may become milder: `milder` is what was decided for that. */
#define PRICE_MARGIN 0.6

bool price_guard_take(struct price_guard *g, const struct price_use *uses, const enum price_stage *now,
	const enum price_stage *milder, size_t count, nsec_t time);

#endif

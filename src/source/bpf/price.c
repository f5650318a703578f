/* Costs from rates, stages from costs. */
#include "source/bpf/price.h"

#define NS 1e-9

double price_target(const struct price_use *u, enum price_stage stage)
{
	return stage == PRICE_OFF ? 0 : u->row->target[stage] * u->events * u->scale * NS;
}

double price_bystanders(const struct price_use *u, enum price_stage stage)
{
	return stage == PRICE_OFF ? 0 : u->row->bystander * u->others * u->scale * NS;
}

enum price_stage price_nearest_stage(const struct price_row *row, enum price_stage stage)
{
	while (stage < PRICE_OFF && !(row->target[stage] > 0))
		stage++;
	return stage;
}

static double sum_of(const struct price_use *uses, size_t count, const enum price_stage *stages)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += price_target(&uses[i], stages[i]);
	return sum;
}

/* The group that gives most back by going to `stage`; count: none gives any. */
static size_t dearest(const struct price_use *uses, size_t count, const enum price_stage *stages, enum price_stage stage)
{
	size_t best = count;
	double most = 0;

	for (size_t i = 0; i < count; i++) {
		enum price_stage to = price_nearest_stage(uses[i].row, stage);
		double gain = to > stages[i] && !uses[i].row->own ? price_target(&uses[i], stages[i]) - price_target(&uses[i], to) : 0;

		if (gain > most) {
			most = gain;
			best = i;
		}
	}
	return best;
}

void price_decide(const struct price_use *uses, size_t count, double cpu, double most, enum price_stage *out)
{
	double limit = most * cpu > PRICE_NEGLIGIBLE ? most * cpu : PRICE_NEGLIGIBLE, full;
	enum price_stage stage;

	for (size_t i = 0; i < count; i++)
		out[i] = PRICE_FULL;
	full = sum_of(uses, count, out);
	stage = full > PRICE_OFF_FROM * limit ? PRICE_OFF : full > PRICE_COUNTS_FROM * limit ? PRICE_COUNTS : PRICE_SAMPLED;
	while (sum_of(uses, count, out) > limit) {
		size_t i = dearest(uses, count, out, stage);

		if (i == count)
			return;
		out[i] = price_nearest_stage(uses[i].row, stage);
	}
}

/* Whether it is time to become milder: for long enough nothing spoke against it. */
static bool is_calm(struct price_guard *g, size_t i, nsec_t time)
{
	nsec_t wait = g->calm[i] ? g->calm[i] : PRICE_CALM;

	if (!g->calm_since[i])
		g->calm_since[i] = time;
	if (time - g->calm_since[i] < wait)
		return false;
	g->calm[i] = 2 * wait < PRICE_CALM_MOST ? 2 * wait : PRICE_CALM_MOST;
	g->calm_since[i] = 0;
	return true;
}

/* PRICE_OFF only once it has been right for a while; the harshest other stage until then. */
static enum price_stage patient(struct price_guard *g, const struct price_row *row, size_t i, enum price_stage now, nsec_t time)
{
	enum price_stage stage = PRICE_OFF;

	if (now != PRICE_OFF) {
		g->off_since[i] = 0;
		return now;
	}
	if (!g->off_since[i])
		g->off_since[i] = time;
	if (time - g->off_since[i] >= PRICE_PATIENCE)
		return PRICE_OFF;
	while (stage > PRICE_FULL && !(--stage == PRICE_FULL || row->target[stage] > 0))
		;
	return stage;
}

bool price_guard_take(struct price_guard *g, const struct price_use *uses, const enum price_stage *now,
	const enum price_stage *milder, size_t count, nsec_t time)
{
	bool changed = false;

	for (size_t i = 0; i < count; i++) {
		enum price_stage before = g->stage[i], right = patient(g, uses[i].row, i, now[i], time);

		if (right > before) {
			g->stage[i] = right;
			g->calm_since[i] = 0;
		} else if (milder[i] >= before) {
			g->calm_since[i] = 0;
		} else if (before != PRICE_OFF && is_calm(g, i, time)) {
			g->stage[i] = milder[i];
		}
		changed |= g->stage[i] != before;
	}
	return changed;
}

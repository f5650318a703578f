/* A bounded list of sites, and their rows. */
#include "source/bpf/sites.h"

#include "base/alloc.h"
#include "base/str.h"
#include "model/tables.h"
#include "source/callers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 512       /* the least used gives way */
#define TOLD_APART 384 /* beyond that a place has one row for all further threads */
#define ONLY_MOST "more than 512 places: the rarest are left out"

struct sites {
	struct site *list;
	size_t count, capacity;
	u64 dropped;     /* that gave way */
};

struct sites *sites_new(void)
{
	return xcalloc(1, sizeof(struct sites));
}

void sites_free(struct sites *s)
{
	free(s->list);
	free(s);
}

static struct site *make_room(struct sites *s)
{
	size_t least = 0;

	if (s->count < MOST) {
		s->list = xgrow(s->list, &s->capacity, s->count + 1, sizeof *s->list);
		return &s->list[s->count++];
	}
	for (size_t i = 1; i < s->count; i++)
		if (s->list[i].samples < s->list[least].samples)
			least = i;
	s->dropped++;
	return &s->list[least];
}

/* What is known of the line of that place already, by another thread or lock. */
static void copy_line(const struct sites *s, struct site *site)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct site *other = &s->list[i];

		if (other != site && other->lined && other->key.pc == site->key.pc && other->key.tgid == site->key.tgid) {
			memcpy(site->where, other->where, sizeof site->where);
			site->lined = true;
			return;
		}
	}
}

const struct site *sites_add(struct sites *s, const struct site_key *key, u64 weight, const char *thread,
	const struct symbol_name *frames, size_t count)
{
	struct site *site;

	for (size_t i = 0; i < s->count; i++)
		if (memcmp(&s->list[i].key, key, sizeof *key) == 0) {
			s->list[i].samples += weight;
			return &s->list[i];
		}
	if (s->count >= TOLD_APART && key->tid) {
		struct site_key all = *key;

		all.tid = 0;
		return sites_add(s, &all, weight, "", frames, count);
	}
	site = make_room(s);
	*site = (struct site){ .key = *key, .samples = weight };
	str_copy(site->thread, sizeof site->thread, thread);
	symbol_name_text(site->where, sizeof site->where, &frames[0]);
	callers_text(site->callers, sizeof site->callers, frames, count);
	copy_line(s, site);
	return site;
}

struct site *sites_unlined_at(struct sites *s, struct site *after, u32 tgid, u64 pc)
{
	for (struct site *site = after ? after + 1 : s->list; site < s->list + s->count; site++)
		if (!site->lined && site->key.tgid == tgid && site->key.pc == pc)
			return site;
	return NULL;
}

void sites_each_unlined(struct sites *s, void (*visit)(void *context, struct site *site, struct locks *locks),
	void *context, struct locks *locks)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->list[i].lined)
			visit(context, &s->list[i], locks);
}

static void put_lock_site(const struct site *site, struct table *t, struct sample *out)
{
	union cell *row = table_row(t, site->key.addr ^ site->key.pc << 8 ^ (u64)site->key.tid << 40 ^ site->key.role);
	char addr[24];

	snprintf(addr, sizeof addr, "0x%llx", (unsigned long long)site->key.addr);
	row[SITES_ADDR].text = sample_text(out, addr);
	row[SITES_PID].number = site->key.tgid;
	row[SITES_ROLE].text = site->key.role == STACK_HOLD ? "hold" : "wait";
	row[SITES_THREAD].text = sample_text(out, site->thread);
	row[SITES_TID].number = site->key.tid ? site->key.tid : (double)NAN;
	row[SITES_SITE].text = sample_text(out, site->where);
	row[SITES_CALLERS].text = sample_text(out, site->callers);
	row[SITES_SAMPLES].number = (double)site->samples;
}

void sites_put(const struct sites *s, struct sample *out)
{
	struct table *t = s->count ? sample_table(out, &table_lock_sites) : NULL;

	for (size_t i = 0; i < s->count; i++)
		put_lock_site(&s->list[i], t, out);
	if (s->dropped)
		sample_table_note(out, &table_lock_sites, false, ONLY_MOST);
}

void sites_put_growth(const struct sites *s, struct sample *out)
{
	static const char *const causes[FAULT_CAUSES] = {
#define X(id, text) text,
		BPF_FAULTS(X)
#undef X
	};
	struct table *t = s->count ? sample_table(out, &table_growth) : NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct site *site = &s->list[i];
		const char *cause = causes[site->key.kind % FAULT_CAUSES];
		union cell *row = table_row(t, site->key.pc << 8 ^ (u64)site->key.tgid << 40 ^ site->key.kind);

		row[GROWTH_SITE].text = sample_text(out, site->where);
		row[GROWTH_CALLERS].text = sample_text(out, site->callers);
		row[GROWTH_CAUSE].text = cause ? cause : "";
		row[GROWTH_FAULTS].number = (double)site->samples;
		row[GROWTH_BYTES].number = (double)site->samples * (double)sysconf(_SC_PAGESIZE);
	}
	if (t)
		sample_table_note(out, &table_growth, true, s->dropped ?
			"from one fault in 64 or fewer; a huge page counts as one; " ONLY_MOST :
			"from one fault in 64 or fewer; a huge page counts as one");
}

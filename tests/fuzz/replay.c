/*
 * Runs a fuzzer without libFuzzer, the same inputs every time: its seeds (tests/fuzz/corpus/NAME), then mutations of
 * them from a fixed pseudo-random sequence. A crash or a sanitizer's report fails it; what it was is left in a file.
 * Run from the top of the tree.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define SEEDS 256
#define SEED_SIZE 65536
#define MUTATIONS 4000

struct seed {
	uint8_t *data;
	size_t size;
};

static uint64_t random_next(uint64_t *state) /* xorshift64 (Marsaglia 2003) */
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t below(uint64_t *state, size_t limit)
{
	return limit ? (size_t)(random_next(state) % limit) : 0;
}

static struct seed read_seed(const char *directory, const char *name)
{
	struct seed seed = { malloc(SEED_SIZE), 0 };
	char path[1024];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	f = fopen(path, "rb");
	if (!f || !seed.data) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	seed.size = fread(seed.data, 1, SEED_SIZE, f);
	fclose(f);
	return seed;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static size_t read_seeds(const char *directory, struct seed seeds[SEEDS])
{
	struct dirent **names;
	int n = scandir(directory, &names, NULL, by_name);
	size_t count = 0;

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && count < SEEDS)
			seeds[count++] = read_seed(directory, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return count;
}

/* One small change of in place; what would not fit is cut. Returns the new size. */
static size_t mutate(uint8_t *data, size_t size, const struct seed *other, uint64_t *state)
{
	static const char *const words[] = { "-1", "0", "4294967296", "18446744073709551616", "1e309", "nan", "\n", " ", "(", ")",
		"\xff", "\xc3", "%s", "\x1b[2J" };
	size_t at = below(state, size + 1), n = below(state, 32), room = SEED_SIZE - at;
	const char *word = words[below(state, sizeof words / sizeof *words)];

	switch (below(state, 6)) {
	case 0: /* a bit */
		if (at < size)
			data[at] ^= (uint8_t)(1u << below(state, 8));
		return size;
	case 1: /* a byte */
		if (at < size)
			data[at] = (uint8_t)random_next(state);
		return size;
	case 2: /* cut off */
		return at;
	case 3: /* take out */
		n = n < size - at ? n : size - at;
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	case 4: /* put in */
		n = strlen(word);
		if (n > room || size + n > SEED_SIZE)
			return size;
		memmove(data + at + n, data + at, size - at);
		memcpy(data + at, word, n);
		return size + n;
	default: /* the tail of another seed */
		n = below(state, other->size + 1);
		if (other->size - n > room)
			return size;
		memcpy(data + at, other->data + n, other->size - n);
		return at + other->size - n;
	}
}

/* The fuzzer gets a copy of exactly that size, so that a sanitizer sees a read past its end. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int main(int argc, char **argv)
{
	static struct seed seeds[SEEDS];
	static uint8_t work[SEED_SIZE];
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	uint64_t state = 0x9e3779b97f4a7c15u;
	char directory[512];
	size_t count, size;

	name = strncmp(name, "replay_", 7) == 0 ? name + 7 : name;
	snprintf(directory, sizeof directory, "tests/fuzz/corpus/%s", name);
	count = read_seeds(argc > 1 ? argv[1] : directory, seeds);
	printf("1..1\n");
	if (count == 0) {
		printf("not ok 1 - %s: no seeds in %s\n", name, directory);
		return 1;
	}
	run(work, 0);
	for (size_t i = 0; i < count; i++)
		run(seeds[i].data, seeds[i].size);
	for (size_t i = 0; i < MUTATIONS; i++) {
		const struct seed *seed = &seeds[i % count];

		memcpy(work, seed->data, seed->size);
		size = seed->size;
		for (size_t changes = 1 + below(&state, 8); changes > 0; changes--)
			size = mutate(work, size, &seeds[below(&state, count)], &state);
		run(work, size);
	}
	for (size_t i = 0; i < count; i++)
		free(seeds[i].data);
	printf("ok 1 - %s: %zu seeds, %d mutations\n", name, count, MUTATIONS);
	return 0;
}

/* Small texts of /proc and the cgroup tree. Knows nothing of files, processes or the rest of the target. */
#include "target/parse.h"

#include "base/str.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The number at `at`, or -1 when there is none or it is too large for a pid or uid. */
static int64_t number_at(const char *at, const char *end)
{
	int64_t v = -1;

	for (; at < end && is_digit(*at) && v <= UINT32_MAX; at++)
		v = (v < 0 ? 0 : v) * 10 + (*at - '0');
	return v <= UINT32_MAX ? v : -1;
}

bool parse_pid(const char **at, const char *end, pid_t *out)
{
	while (*at < end) {
		int64_t v = number_at(*at, end);

		if (!is_digit(**at)) {
			++*at;
			continue;
		}
		while (*at < end && is_digit(**at))
			++*at;
		if (v > 0 && v <= INT_MAX) {
			*out = (pid_t)v;
			return true;
		}
	}
	return false;
}

/* Cuts the next line off *at; its end is returned, without the newline. */
static const char *next_line(const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	const char *stop = newline ? newline : end;

	*at = newline ? newline + 1 : end;
	return stop;
}

/* What follows "KEY:" and blanks, or NULL when the line is another. */
static const char *value_of(const char *line, const char *stop, const char *key)
{
	size_t n = strlen(key);

	if ((size_t)(stop - line) <= n || memcmp(line, key, n) != 0 || line[n] != ':')
		return NULL;
	for (line += n + 1; line < stop && (*line == '\t' || *line == ' '); line++)
		;
	return line;
}

bool parse_status(const char *text, size_t length, struct proc_status *out)
{
	const char *end = text + length;
	int64_t tgid = -1, uid = -1;

	while (text < end) {
		const char *line = text, *stop = next_line(&text, end), *value;

		value = value_of(line, stop, "Tgid");
		if (value)
			tgid = number_at(value, stop);
		value = value_of(line, stop, "Uid"); /* real, effective, saved, file system */
		value = value ? memchr(value, '\t', (size_t)(stop - value)) : NULL;
		if (value)
			uid = number_at(value + 1, stop);
	}
	out->tgid = (pid_t)tgid;
	out->uid = (uid_t)uid;
	return tgid > 0 && tgid <= INT_MAX && uid >= 0;
}

bool parse_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (strncmp(list, word, n) == 0 && (list[n] == '\0' || list[n] == ','))
			return true;
	}
	return false;
}

/* Copies [from, to) as text; false when it does not fit or holds a NUL. */
static bool copy_part(char *out, size_t size, const char *from, const char *to)
{
	size_t n = (size_t)(to - from);

	if (n >= size || memchr(from, '\0', n))
		return false;
	memcpy(out, from, n);
	out[n] = '\0';
	return true;
}

/* One line "ID:CONTROLLERS:PATH"; v2 has the ID 0 and no controllers. */
static bool is_hierarchy(const char *line, const char *list, const char *list_end, const char *controller)
{
	char words[256];

	if (!controller)
		return list == list_end && list - line == 2 && *line == '0';
	return copy_part(words, sizeof words, list, list_end) && parse_has_word(words, controller);
}

bool parse_cgroup(const char *text, size_t length, const char *controller, char *out, size_t size)
{
	const char *end = text + length;

	while (text < end) {
		const char *line = text, *stop = next_line(&text, end);
		const char *first = memchr(line, ':', (size_t)(stop - line));
		const char *second = first ? memchr(first + 1, ':', (size_t)(stop - first - 1)) : NULL;

		if (second && is_hierarchy(line, first + 1, second, controller))
			return copy_part(out, size, second + 1, stop);
	}
	return false;
}

/* Cuts the next blank-separated word of a line off *at; false at the line's end. */
static bool next_word(const char **at, const char *stop, const char **word, const char **word_end)
{
	while (*at < stop && **at == ' ')
		++*at;
	*word = *at;
	while (*at < stop && **at != ' ')
		++*at;
	*word_end = *at;
	return *word < *word_end;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

/* The kernel writes blanks and backslashes in paths as \040. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] && text[2] && text[3] && is_octal(text + 1)) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* id parent major:minor ROOT POINT options [optional...] - TYPE source OPTIONS */
static bool read_mount(const char *line, const char *stop, struct mount *out)
{
	const char *word, *word_end;
	int n = 0, dash = 0;

	while (next_word(&line, stop, &word, &word_end)) {
		bool fits = true;

		if (++n == 4)
			fits = copy_part(out->root, sizeof out->root, word, word_end);
		else if (n == 5)
			fits = copy_part(out->point, sizeof out->point, word, word_end);
		else if (!dash && n > 6 && word_end - word == 1 && *word == '-')
			dash = n;
		else if (dash && n == dash + 1)
			fits = copy_part(out->type, sizeof out->type, word, word_end);
		else if (dash && n == dash + 3)
			fits = copy_part(out->options, sizeof out->options, word, word_end);
		if (!fits)
			return false;
	}
	if (!dash || n < dash + 3)
		return false;
	unescape(out->root);
	unescape(out->point);
	return true;
}

bool parse_mount(const char **at, const char *end, struct mount *out)
{
	while (*at < end) {
		const char *line = *at, *stop = next_line(at, end);

		if (read_mount(line, stop, out))
			return true;
	}
	return false;
}

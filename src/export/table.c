/* The list of export formats. */
#include "export/export.h"

#include <string.h>

extern const struct export_ops export_text, export_json, export_csv;

const struct export_ops *const export_table[] = { &export_text, &export_json, &export_csv, NULL };

const struct export_ops *export_find(const char *name)
{
	for (size_t i = 0; export_table[i]; i++)
		if (strcmp(export_table[i]->name, name) == 0)
			return export_table[i];
	return NULL;
}

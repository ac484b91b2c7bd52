/*
 * What the pages of the boot menu share, and the pages.
 */
#pragma once

/* The next key. KEY_NONE: nobody has pressed one in time, all pages end and the boot goes on. */
int menu_key(void);

/* Rewrites the first row, and the last one, where menu_key counts down. */
void menu_head(const char *title);
void menu_foot(const char *help);

/* The pages. Each comes back when the person leaves it. */
void menu_edit_arguments(void);
void menu_show_memory(void);
void menu_show_disk(void);

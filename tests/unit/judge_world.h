/* tests/unit/judge_world.h - boot and state partitions as directories, for judgements. */
#ifndef TB_TESTS_JUDGE_WORLD_H
#define TB_TESTS_JUDGE_WORLD_H

#include "tests/unit/package_builder.h"
#include "tools/sbv/judge.h"

#define WORLD_TOLD_MAX 128

struct judge_world {
    struct test_vendor *ours, *other; /* certified; ours is trusted */
    struct test_vendor *weak;         /* may vouch for partner; trusted */
    char dir[64];                     /* with esp/ and state/ */
    char esp[80], state[80];
    struct test_package *package; /* scratch */
    struct tb_manifest *manifest; /* scratch */
    struct tb_judge_question question;
    struct tb_vendors *vendors;
    /* what was told */
    enum tb_judgement judgement;
    struct tb_reason why; /* UNABLE */
    size_t n_records, n_faults, n_packages;
    char record[WORLD_TOLD_MAX][256]; /* the line, digests cut to eight digits */
    char path[WORLD_TOLD_MAX][256];   /* of faults */
    struct tb_reason fault[WORLD_TOLD_MAX];
    size_t records_max; /* further ones are refused */
};

/* A good host: base 1.0, loader, hello with a service; boot.conf; an empty state partition. */
struct judge_world *judge_world_new(void);
void judge_world_free(struct judge_world *w);

/* A file below dir: "esp/trueboot/a/x". Folders are made. */
void world_write(struct judge_world *w, const char *path, struct tb_reader content);
void world_put(struct judge_world *w, const char *path, const char *text);
void world_remove(struct judge_world *w, const char *path);
/* A string in out; its length. */
size_t world_read(const struct judge_world *w, const char *path, char *out, size_t cap);
bool world_has(const struct judge_world *w, const char *path);

/* w->manifest: software NAME 1.0 at level certified, one payload "run" of the kind file. */
void world_manifest(struct judge_world *w, const char *name);
/* Signs w->manifest by v and writes it as esp/trueboot/a/FILE; NULL: as NAME_VERSION.tbp. content:
 * of each payload. */
void world_package(struct judge_world *w, const char *file, const struct test_vendor *v,
                   const struct tb_reader *content);
/* The same with the content that every payload of the kind file has. */
void world_software(struct judge_world *w, const struct test_vendor *v);
/* Software of some 30 KiB of metadata. */
void world_verbose(struct judge_world *w, const char *name);
void world_base(struct judge_world *w, const char *command_line);

void world_judge(struct judge_world *w);
/* Judges; it must pass. */
void world_passes(struct judge_world *w);
/* Judges; exactly this one fault is told, and a record beginning with this is there. */
void world_fails(struct judge_world *w, enum tb_check check, const char *path, const char *record);
/* What was kept of w->package: its metadata, which the agent sends, wherever the file goes. */
void world_kept_loader(const struct judge_world *w, const char *file);

#endif

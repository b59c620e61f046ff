CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE conversations (
    id TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    started_on TEXT NOT NULL,
    effort TEXT NOT NULL,
    head_id TEXT,
    trashed_at TEXT
, in_sight_from TEXT, pinned_at TEXT) STRICT;
CREATE TABLE messages (
    id TEXT PRIMARY KEY NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL,
    created_at TEXT NOT NULL,
    status TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    statistics TEXT,
    failure TEXT,
    writer TEXT,
    UNIQUE (conversation_id, id),
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
) STRICT;
CREATE TABLE parts (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
) STRICT;
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, created_at);
CREATE INDEX messages_being_written ON messages (status) WHERE status = 'streaming';
CREATE INDEX conversations_by_update ON conversations (updated_at);
CREATE TABLE unsent (
    id TEXT PRIMARY KEY NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    effort TEXT,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX unsent_by_conversation ON unsent (conversation_id);
CREATE TABLE libraries (
    name TEXT PRIMARY KEY NOT NULL,
    folders TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE library_uses (
    conversation_id TEXT PRIMARY KEY NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    library TEXT NOT NULL REFERENCES libraries (name) ON UPDATE CASCADE ON DELETE CASCADE
) STRICT;
CREATE TABLE attached (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    whole INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, sha256)
) STRICT;
CREATE INDEX library_uses_by_library ON library_uses (library);
CREATE VIRTUAL TABLE message_words USING fts5 (said, thought, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
CREATE TABLE 'message_words_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'message_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE 'message_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TRIGGER message_words_insert AFTER INSERT ON parts WHEN new.kind IN ('text', 'reasoning') BEGIN INSERT INTO message_words (rowid, said, thought) VALUES (new.rowid, CASE WHEN json_valid(new.data) AND new.kind = 'text' THEN json_extract(new.data, '$.text') END, CASE WHEN json_valid(new.data) AND new.kind = 'reasoning' THEN json_extract(new.data, '$.text') END); END;
CREATE TRIGGER message_words_delete AFTER DELETE ON parts WHEN old.kind IN ('text', 'reasoning') BEGIN INSERT INTO message_words (message_words, rowid, said, thought) VALUES ('delete', old.rowid, CASE WHEN json_valid(old.data) AND old.kind = 'text' THEN json_extract(old.data, '$.text') END, CASE WHEN json_valid(old.data) AND old.kind = 'reasoning' THEN json_extract(old.data, '$.text') END); END;
CREATE TRIGGER message_words_update AFTER UPDATE OF data, kind ON parts WHEN old.kind IN ('text', 'reasoning') OR new.kind IN ('text', 'reasoning') BEGIN INSERT INTO message_words (message_words, rowid, said, thought) VALUES ('delete', old.rowid, CASE WHEN json_valid(old.data) AND old.kind = 'text' THEN json_extract(old.data, '$.text') END, CASE WHEN json_valid(old.data) AND old.kind = 'reasoning' THEN json_extract(old.data, '$.text') END); INSERT INTO message_words (rowid, said, thought) VALUES (new.rowid, CASE WHEN json_valid(new.data) AND new.kind = 'text' THEN json_extract(new.data, '$.text') END, CASE WHEN json_valid(new.data) AND new.kind = 'reasoning' THEN json_extract(new.data, '$.text') END); END;
CREATE VIRTUAL TABLE title_words USING fts5 (title, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
CREATE TABLE 'title_words_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'title_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE 'title_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TRIGGER title_words_insert AFTER INSERT ON conversations WHEN true BEGIN INSERT INTO title_words (rowid, title) VALUES (new.rowid, new.title); END;
CREATE TRIGGER title_words_delete AFTER DELETE ON conversations WHEN true BEGIN INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.rowid, old.title); END;
CREATE TRIGGER title_words_update AFTER UPDATE OF title ON conversations WHEN true OR true BEGIN INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.rowid, old.title); INSERT INTO title_words (rowid, title) VALUES (new.rowid, new.title); END;
CREATE VIRTUAL TABLE message_trigrams USING fts5 (said, thought, content = '', columnsize = 0, tokenize = 'trigram');
CREATE TABLE 'message_trigrams_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'message_trigrams_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE 'message_trigrams_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TRIGGER message_trigrams_insert AFTER INSERT ON parts WHEN new.kind IN ('text', 'reasoning') BEGIN INSERT INTO message_trigrams (rowid, said, thought) VALUES (new.rowid, CASE WHEN json_valid(new.data) AND new.kind = 'text' THEN json_extract(new.data, '$.text') END, CASE WHEN json_valid(new.data) AND new.kind = 'reasoning' THEN json_extract(new.data, '$.text') END); END;
CREATE TRIGGER message_trigrams_delete AFTER DELETE ON parts WHEN old.kind IN ('text', 'reasoning') BEGIN INSERT INTO message_trigrams (message_trigrams, rowid, said, thought) VALUES ('delete', old.rowid, CASE WHEN json_valid(old.data) AND old.kind = 'text' THEN json_extract(old.data, '$.text') END, CASE WHEN json_valid(old.data) AND old.kind = 'reasoning' THEN json_extract(old.data, '$.text') END); END;
CREATE TRIGGER message_trigrams_update AFTER UPDATE OF data, kind ON parts WHEN old.kind IN ('text', 'reasoning') OR new.kind IN ('text', 'reasoning') BEGIN INSERT INTO message_trigrams (message_trigrams, rowid, said, thought) VALUES ('delete', old.rowid, CASE WHEN json_valid(old.data) AND old.kind = 'text' THEN json_extract(old.data, '$.text') END, CASE WHEN json_valid(old.data) AND old.kind = 'reasoning' THEN json_extract(old.data, '$.text') END); INSERT INTO message_trigrams (rowid, said, thought) VALUES (new.rowid, CASE WHEN json_valid(new.data) AND new.kind = 'text' THEN json_extract(new.data, '$.text') END, CASE WHEN json_valid(new.data) AND new.kind = 'reasoning' THEN json_extract(new.data, '$.text') END); END;
CREATE VIRTUAL TABLE title_trigrams USING fts5 (title, content = '', columnsize = 0, tokenize = 'trigram');
CREATE TABLE 'title_trigrams_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'title_trigrams_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE 'title_trigrams_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TRIGGER title_trigrams_insert AFTER INSERT ON conversations WHEN true BEGIN INSERT INTO title_trigrams (rowid, title) VALUES (new.rowid, new.title); END;
CREATE TRIGGER title_trigrams_delete AFTER DELETE ON conversations WHEN true BEGIN INSERT INTO title_trigrams (title_trigrams, rowid, title) VALUES ('delete', old.rowid, old.title); END;
CREATE TRIGGER title_trigrams_update AFTER UPDATE OF title ON conversations WHEN true OR true BEGIN INSERT INTO title_trigrams (title_trigrams, rowid, title) VALUES ('delete', old.rowid, old.title); INSERT INTO title_trigrams (rowid, title) VALUES (new.rowid, new.title); END;
CREATE TABLE drafts (
    conversation_id TEXT UNIQUE REFERENCES conversations (id) ON DELETE CASCADE,
    saved_at TEXT NOT NULL,
    text TEXT NOT NULL
, files TEXT NOT NULL DEFAULT '[]') STRICT;

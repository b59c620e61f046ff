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
, in_sight_from TEXT) STRICT;
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

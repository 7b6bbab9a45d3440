BEGIN TRANSACTION;
CREATE TABLE record (
    number integer primary key autoincrement,
    kind text not null,
    id text not null unique,
    owner text not null,
    name text,
    body text not null,
    unique (kind, owner, name)
);
INSERT INTO "record" VALUES(1,'ServedUser','user-cxjzLX8em1HQpFcb','','3c25bd5e1617d53df9fdc28e7239de0155cdc0edc03e63e5d7fdebc6eef77fc6','{"id": "user-cxjzLX8em1HQpFcb", "name": "owner", "token_digest": "3c25bd5e1617d53df9fdc28e7239de0155cdc0edc03e63e5d7fdebc6eef77fc6"}');
INSERT INTO "record" VALUES(2,'ServedWorkspace','ws-3RnEyqnPaF9z9ziw','','networking-dev','{"id": "ws-3RnEyqnPaF9z9ziw", "name": "networking-dev", "created_at": "2026-11-27T03:06:24.292Z", "description": null, "working_directory": "", "terraform_version": "latest", "execution_mode": "remote", "auto_apply": false, "locked_by": null, "locked_reason": "", "updated_at": "", "tag_names": ["net"]}');
INSERT INTO "record" VALUES(3,'ServedVariable','var-ms6nfOx8r1el7bon','ws-3RnEyqnPaF9z9ziw',NULL,'{"id": "var-ms6nfOx8r1el7bon", "workspace_id": "ws-3RnEyqnPaF9z9ziw", "key": "region", "value": "eu", "category": "terraform", "hcl": false, "sensitive": false, "description": ""}');
INSERT INTO "record" VALUES(4,'ServedVariable','var-nrHvf2fTwa70jTfd','ws-3RnEyqnPaF9z9ziw',NULL,'{"id": "var-nrHvf2fTwa70jTfd", "workspace_id": "ws-3RnEyqnPaF9z9ziw", "key": "KEY", "value": "hush", "category": "env", "hcl": false, "sensitive": true, "description": ""}');
INSERT INTO "record" VALUES(5,'ServedConfiguration','cv-WaSK38HfikxwUt6P','ws-3RnEyqnPaF9z9ziw',NULL,'{"id": "cv-WaSK38HfikxwUt6P", "workspace_id": "ws-3RnEyqnPaF9z9ziw", "created_at": "2026-11-27T03:06:24.304Z", "status": "uploaded", "speculative": true, "auto_queue_runs": false, "provisional": false, "error": null, "error_message": null, "times": {"uploaded": "2026-11-27T03:06:24.309Z"}}');
INSERT INTO "record" VALUES(7,'ServedRun','run-vcf9zrD1Q1Aeo3BJ','ws-3RnEyqnPaF9z9ziw',NULL,'{"id": "run-vcf9zrD1Q1Aeo3BJ", "workspace_id": "ws-3RnEyqnPaF9z9ziw", "configuration_version_id": "cv-WaSK38HfikxwUt6P", "created_at": "2026-11-27T03:06:24.311Z", "created_by": "user-cxjzLX8em1HQpFcb", "status": "planned_and_finished", "plan_status": "finished", "message": "of before", "is_destroy": false, "refresh": true, "refresh_only": false, "target_addrs": [], "replace_addrs": [], "variables": [], "terraform_version": null, "has_changes": true, "counts": {"add": 1, "change": 0, "destroy": 0, "imported": 0}, "times": {"planning": "2026-11-27T03:06:24.315Z", "planned_and_finished": "2026-11-27T03:06:24.334Z"}, "plan_times": {"started": "2026-11-27T03:06:24.315Z", "finished": "2026-11-27T03:06:24.334Z"}, "policies": [], "cost": null}');
INSERT INTO "record" VALUES(11,'ServedStateVersion','sv-D50hdsNcQ7jomED7','ws-3RnEyqnPaF9z9ziw',NULL,'{"id": "sv-D50hdsNcQ7jomED7", "workspace_id": "ws-3RnEyqnPaF9z9ziw", "serial": 1, "md5": "6b89eb56307497581b08701478b48124", "created_at": "2026-11-27T03:06:24.391Z", "created_by": "user-cxjzLX8em1HQpFcb", "lineage": "line", "status": "finalized", "size": 155, "terraform_version": "1.9.8", "state_format": 4, "run_id": null}');
CREATE INDEX record_of_owner on record (kind, owner, number);
COMMIT;

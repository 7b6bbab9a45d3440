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
INSERT INTO "record" VALUES(1,'user','user-VWva3ZkDWXMUA861','','3c25bd5e1617d53df9fdc28e7239de0155cdc0edc03e63e5d7fdebc6eef77fc6','{"id": "user-VWva3ZkDWXMUA861", "name": "owner", "token_digest": "3c25bd5e1617d53df9fdc28e7239de0155cdc0edc03e63e5d7fdebc6eef77fc6"}');
INSERT INTO "record" VALUES(2,'workspace','ws-Y4h4ROUUx8MvqIby','','networking-dev','{"id": "ws-Y4h4ROUUx8MvqIby", "name": "networking-dev", "created_at": "2026-11-27T03:06:24.856Z", "description": null, "working_directory": "", "terraform_version": "latest", "execution_mode": "remote", "auto_apply": false, "locked_by": null, "locked_reason": "", "updated_at": "", "tag_names": ["net"]}');
INSERT INTO "record" VALUES(3,'variable','var-zRGah9UNMFvxLx5L','ws-Y4h4ROUUx8MvqIby',NULL,'{"id": "var-zRGah9UNMFvxLx5L", "workspace_id": "ws-Y4h4ROUUx8MvqIby", "key": "region", "value": "eu", "category": "terraform", "hcl": false, "sensitive": false, "description": ""}');
INSERT INTO "record" VALUES(4,'variable','var-dL2L5XYFTybvwtRP','ws-Y4h4ROUUx8MvqIby',NULL,'{"id": "var-dL2L5XYFTybvwtRP", "workspace_id": "ws-Y4h4ROUUx8MvqIby", "key": "KEY", "value": "hush", "category": "env", "hcl": false, "sensitive": true, "description": ""}');
INSERT INTO "record" VALUES(5,'configuration-version','cv-jUvxaB0S2noMQzrl','ws-Y4h4ROUUx8MvqIby',NULL,'{"id": "cv-jUvxaB0S2noMQzrl", "workspace_id": "ws-Y4h4ROUUx8MvqIby", "created_at": "2026-11-27T03:06:24.868Z", "status": "uploaded", "speculative": true, "auto_queue_runs": false, "provisional": false, "error": null, "error_message": null, "times": {"uploaded": "2026-11-27T03:06:24.896Z"}}');
INSERT INTO "record" VALUES(7,'run','run-PbwYPmCfmbMXnMWA','ws-Y4h4ROUUx8MvqIby',NULL,'{"id": "run-PbwYPmCfmbMXnMWA", "workspace_id": "ws-Y4h4ROUUx8MvqIby", "configuration_version_id": "cv-jUvxaB0S2noMQzrl", "created_at": "2026-11-27T03:06:24.899Z", "created_by": "user-VWva3ZkDWXMUA861", "status": "planned_and_finished", "plan_status": "finished", "message": "of before", "is_destroy": false, "refresh": true, "refresh_only": false, "target_addrs": [], "replace_addrs": [], "variables": [], "terraform_version": null, "has_changes": true, "counts": {"add": 1, "change": 0, "destroy": 0, "imported": 0}, "times": {"planning": "2026-11-27T03:06:24.903Z", "planned_and_finished": "2026-11-27T03:06:24.910Z"}, "plan_times": {"started": "2026-11-27T03:06:24.903Z", "finished": "2026-11-27T03:06:24.910Z"}, "policies": [], "cost": null}');
INSERT INTO "record" VALUES(11,'state-version','sv-70JepF0vU3CASq5S','ws-Y4h4ROUUx8MvqIby',NULL,'{"id": "sv-70JepF0vU3CASq5S", "workspace_id": "ws-Y4h4ROUUx8MvqIby", "serial": 1, "md5": "6b89eb56307497581b08701478b48124", "created_at": "2026-11-27T03:06:24.960Z", "created_by": "user-VWva3ZkDWXMUA861", "lineage": "line", "status": "finalized", "size": 155, "terraform_version": "1.9.8", "state_format": 4, "run_id": null}');
CREATE INDEX record_of_owner on record (kind, owner, number);
COMMIT;

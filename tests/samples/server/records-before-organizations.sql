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
INSERT INTO "record" VALUES(1,'user','user-4dtIe2yc6Yk5Q0jE','','3c25bd5e1617d53df9fdc28e7239de0155cdc0edc03e63e5d7fdebc6eef77fc6','{"id": "user-4dtIe2yc6Yk5Q0jE", "name": "owner", "token_digest": "3c25bd5e1617d53df9fdc28e7239de0155cdc0edc03e63e5d7fdebc6eef77fc6", "username": "", "email": "", "created_at": "", "revoked_at": ""}');
INSERT INTO "record" VALUES(2,'project','prj-DefaultProject00','','Default Project','{"id": "prj-DefaultProject00", "name": "Default Project", "created_at": "2026-11-27T11:01:34.344Z", "description": "", "default_execution_mode": null, "auto_destroy_activity_duration": null, "tag_bindings": {}}');
INSERT INTO "record" VALUES(3,'workspace','ws-U7oJhr8PhCtGLhpl','','networking-dev','{"id": "ws-U7oJhr8PhCtGLhpl", "name": "networking-dev", "created_at": "2026-11-27T11:01:34.345Z", "description": null, "working_directory": "", "terraform_version": "latest", "execution_mode": "remote", "inherits_execution_mode": true, "auto_apply": false, "locked_by": null, "locked_reason": "", "locked_at": "", "updated_at": "", "tag_names": ["net"], "tag_bindings": {}, "project_id": "prj-DefaultProject00", "remote_state_consumer_ids": [], "kept_attributes": {}}');
INSERT INTO "record" VALUES(4,'variable','var-7WCZ6T4hk8rd1R25','ws-U7oJhr8PhCtGLhpl',NULL,'{"id": "var-7WCZ6T4hk8rd1R25", "owner_id": "ws-U7oJhr8PhCtGLhpl", "key": "region", "value": "eu", "category": "terraform", "hcl": false, "sensitive": false, "description": "", "created_at": "2026-11-27T11:01:34.346Z", "version_id": "db82a26b57ac459dd41c5bd0e2ee290f9f47c667d1811baebef84fd2a118d3ac"}');
INSERT INTO "record" VALUES(5,'variable','var-x5b8p8CE8osH6pv9','ws-U7oJhr8PhCtGLhpl',NULL,'{"id": "var-x5b8p8CE8osH6pv9", "owner_id": "ws-U7oJhr8PhCtGLhpl", "key": "KEY", "value": "hush", "category": "env", "hcl": false, "sensitive": true, "description": "", "created_at": "2026-11-27T11:01:34.346Z", "version_id": "aaa6ae5d8285ce8609d119e523995e31cc36ad68508725ee0d2b3e2229edc73d"}');
INSERT INTO "record" VALUES(6,'configuration-version','cv-S2FbiKfqHJWTINdB','ws-U7oJhr8PhCtGLhpl',NULL,'{"id": "cv-S2FbiKfqHJWTINdB", "workspace_id": "ws-U7oJhr8PhCtGLhpl", "created_at": "2026-11-27T11:01:34.372Z", "status": "uploaded", "created_by": "user-4dtIe2yc6Yk5Q0jE", "speculative": true, "auto_queue_runs": false, "provisional": false, "error": null, "error_message": null, "times": {"uploaded": "2026-11-27T11:01:34.379Z"}}');
INSERT INTO "record" VALUES(8,'run','run-MXfHC3fuNFzkwDD3','ws-U7oJhr8PhCtGLhpl',NULL,'{"id": "run-MXfHC3fuNFzkwDD3", "workspace_id": "ws-U7oJhr8PhCtGLhpl", "configuration_version_id": "cv-S2FbiKfqHJWTINdB", "created_at": "2026-11-27T11:01:34.382Z", "created_by": "user-4dtIe2yc6Yk5Q0jE", "status": "planned_and_finished", "plan_status": "finished", "message": "of before", "is_from_upload": false, "is_destroy": false, "refresh": true, "refresh_only": false, "auto_apply": false, "allow_empty_apply": false, "save_plan": false, "allow_config_generation": false, "target_addrs": [], "replace_addrs": [], "variables": [], "terraform_version": null, "requested_version": null, "input_state_version_id": null, "hostname": "127.0.0.1:36609", "has_changes": true, "counts": {"add": 1, "change": 0, "destroy": 0, "imported": 0}, "times": {"plan_queueable": "2026-11-27T11:01:34.382Z", "planning": "2026-11-27T11:01:34.388Z", "planned_and_finished": "2026-11-27T11:01:34.390Z"}, "plan_times": {"started": "2026-11-27T11:01:34.388Z", "finished": "2026-11-27T11:01:34.390Z"}, "policies": [], "cost": null, "canceled_by": "", "batch_id": ""}');
INSERT INTO "record" VALUES(11,'project','prj-ZknxsoKpc0174z6k','','net','{"id": "prj-ZknxsoKpc0174z6k", "name": "net", "created_at": "2026-11-27T11:01:34.443Z", "description": "", "default_execution_mode": null, "auto_destroy_activity_duration": null, "tag_bindings": {}}');
INSERT INTO "record" VALUES(12,'variable-set','varset-O9kzApWUD6ZJ0avK','','shared','{"id": "varset-O9kzApWUD6ZJ0avK", "name": "shared", "description": "", "is_global": true, "has_priority": false, "workspace_ids": [], "project_ids": [], "parent_project_id": null, "updated_at": "2026-11-27T11:01:34.444Z"}');
INSERT INTO "record" VALUES(14,'state-version','sv-2Y27saqsCMnbaGmx','ws-U7oJhr8PhCtGLhpl',NULL,'{"id": "sv-2Y27saqsCMnbaGmx", "workspace_id": "ws-U7oJhr8PhCtGLhpl", "serial": 1, "md5": "6b89eb56307497581b08701478b48124", "created_at": "2026-11-27T11:01:34.448Z", "created_by": "user-4dtIe2yc6Yk5Q0jE", "lineage": "line", "status": "finalized", "size": 155, "terraform_version": "1.9.8", "state_format": 4, "resource_count": 0, "output_names": ["vpc_id"], "run_id": null}');
CREATE INDEX record_of_owner on record (kind, owner, number);
CREATE INDEX record_of_batch on record (kind, json_extract(body, '$.batch_id'));
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('record',15);
COMMIT;
PRAGMA user_version = 3;

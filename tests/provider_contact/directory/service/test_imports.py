from uuid import UUID

import pytest

from provider_contact.directory.models import Contact, DirectoryChange, DirectoryImport, Doctor, Provider, ProviderContract
from provider_contact.directory.service.contacts import opened
from provider_contact.directory.service.sheets import CONTACT_COLUMNS, DOCTOR_COLUMNS
from provider_contact.ratings.models import Rating
from shared.contracts import ProviderRecorded
from shared.domain.identifiers import is_valid_bin
from tests.provider_contact.conftest import BINS, LINE, NOW, PROVIDERS, SOLE_TRADER, registered, sheet
from tests.workbooks import workbook

CONTACT = {"bin": BINS[0], "role": "PATIENT_SUPPORT", "name": "Сынақ Қолдау", "phone": "+77010000077", "languages": "kk;ru"}
DOCTOR = {"bin": BINS[0], "full_name_kk": "Сынақ Дәрігер", "full_name_ru": "Сынак Даригер", "speciality": "Кардиолог"}


def lines(columns, *rows, separator=","):
    """Rows as a CSV document under these columns."""
    return "\r\n".join(separator.join(names) for names in (columns, *([row.get(name, "") for name in columns] for row in rows)))


def contacts(*changed):
    return lines(CONTACT_COLUMNS, *(CONTACT | row for row in changed))


def doctors(*changed):
    return lines(DOCTOR_COLUMNS, *(DOCTOR | row for row in changed))


def actions(answer):
    return [(line["line"], line["action"], line["columns"], line["code"]) for line in answer["report"]]


async def undo(world, import_id, role="admin"):
    return await world.post(f"/v1/imports/{import_id}/actions/undo", world.token(role), {})


class TestDryRun:
    async def test_it_reports_each_line_and_stores_nothing(self, listed):
        before = await listed.rows(DirectoryImport)
        changed = {"name_ru": "Другая поликлиника", "phone": ""}
        fresh = {"bin": BINS[9], "name_kk": "Жаңа емхана", "name_ru": "Новая поликлиника"}
        answer = (await listed.load_sheet("providers", sheet(changed, PROVIDERS[1], fresh, {"bin": "1"}), dry_run="true")).json()
        assert actions(answer) == [
            (2, "CHANGED", ["name_ru", "phone"], ""),
            (4, "ADDED", [], ""),
            (5, "REFUSED", [], "bad-bin"),
        ]
        assert (answer["import_id"], answer["dry_run"], answer["added"], answer["changed"], answer["unchanged"]) == (None, True, 1, 1, 1)
        assert len(await listed.providers()) == len(PROVIDERS)
        assert len(await listed.emitted(ProviderRecorded)) == len(PROVIDERS)
        assert len(await listed.rows(DirectoryImport)) == len(before)

    async def test_it_repeats_no_cell_of_the_file(self, listed):
        answer = await listed.load_sheet(
            "contacts", contacts({"email": "secret-mail"}, {"name": "Құпия Адам", "email": "q@a.example"}), dry_run="true"
        )
        assert answer.json()["received"] == 2
        assert "ecret" not in answer.text
        assert "Құпия" not in answer.text

    async def test_the_import_afterwards_does_what_was_reported(self, listed):
        document = sheet({"name_ru": "Другая поликлиника"}, {"bin": BINS[9]})
        told = (await listed.load_sheet("providers", document, dry_run="true")).json()
        done = (await listed.load_sheet("providers", document)).json()
        assert actions(done) == actions(told)
        assert done["import_id"] is not None


class TestCards:
    async def test_optional_columns_are_stored_and_an_empty_cell_leaves_them(self, listed):
        card = {"level": "CITY", "attached_population": "12 345", "districts": "Қызылорда;Сырдария", "contract_year": "2026"}
        row = LINE | card | {"care_types": "PRIMARY;OUTPATIENT"}
        await listed.load_sheet("providers", lines(row.keys(), row))
        (provider,) = [each for each in await listed.rows(Provider) if each.level == "CITY"]
        assert (provider.attached_population, provider.districts) == (12_345, ["Қызылорда", "Сырдария"])
        (contract,) = await listed.rows(ProviderContract)
        assert (contract.provider_id, contract.year, contract.care_types) == (provider.provider_id, 2026, ["OUTPATIENT", "PRIMARY"])
        await listed.load({"name_ru": "Другая"})
        (provider,) = [each for each in await listed.rows(Provider) if each.name_ru == "Другая"]
        assert (provider.level, provider.attached_population) == ("CITY", 12_345)

    async def test_a_contract_of_another_year_is_added_and_the_provider_is_not_published_again(self, listed):
        row = LINE | {"contract_year": "2026", "care_types": "PRIMARY"}
        await listed.load_sheet("providers", lines(row.keys(), row))
        answer = (await listed.load_sheet("providers", lines(row.keys(), row | {"contract_year": "2027"}))).json()
        assert actions(answer) == [(2, "CHANGED", ["care_types"], "")]
        assert sorted(contract.year for contract in await listed.rows(ProviderContract)) == [2026, 2027]
        assert len(await listed.emitted(ProviderRecorded)) == len(PROVIDERS)

    @pytest.mark.parametrize(
        ("changed", "field", "code"),
        [
            ({"level": "MOON"}, "level", "unknown-code"),
            ({"attached_population": "many"}, "attached_population", "bad-format"),
            ({"contract_year": "2026"}, "", "contract-incomplete"),
            ({"contract_year": "1999", "care_types": "PRIMARY"}, "contract_year", "out-of-range"),
            ({"contract_year": "2026", "care_types": "MAGIC"}, "care_types", "unknown-code"),
        ],
    )
    async def test_a_wrong_card_is_refused(self, listed, changed, field, code):
        row = LINE | changed
        (line,) = (await listed.load_sheet("providers", lines(row.keys(), row))).json()["rejected"]
        assert (line["field"], line["code"]) == (field, code)


class TestContacts:
    async def test_contacts_are_sealed_and_found_again_by_owner_role_and_mailbox(self, listed):
        document = contacts({"email": "a@emhana5.example"}, {"email": "b@emhana5.example"})
        assert (await listed.load_sheet("contacts", document)).json()["added"] == 2
        assert (await listed.load_sheet("contacts", document)).json()["unchanged"] == 2
        renamed = contacts({"email": "a@emhana5.example", "hours": "9:00–18:00", "valid_to": "31.12.2026"})
        assert actions((await listed.load_sheet("contacts", renamed)).json()) == [(2, "CHANGED", ["hours", "valid_to"], "")]
        stored = await listed.every_column()
        for secret in ("Сынақ Қолдау", "+77010000077", "a@emhana5.example"):
            assert secret not in stored
        kept = {opened(row, listed.parts.sealer).email: row for row in await listed.rows(Contact)}
        assert (kept["a@emhana5.example"].version, kept["b@emhana5.example"].version) == (2, 1)

    async def test_a_body_has_contacts_in_a_region(self, listed):
        row = {"bin": "", "body": "HEALTH_DEPARTMENT", "region": "KZ-43", "role": "RECEPTION", "email": "dsb@kz43.example"}
        assert (await listed.load_sheet("contacts", contacts(row))).json()["added"] == 1
        (contact,) = await listed.rows(Contact)
        assert (contact.provider_id, contact.body, contact.region) == (None, "HEALTH_DEPARTMENT", "KZ-43")

    @pytest.mark.parametrize(
        ("changed", "field", "code"),
        [
            ({"bin": BINS[9]}, "bin", "unknown-provider"),
            ({"role": "KING"}, "role", "unknown-code"),
            ({"bin": ""}, "", "owner-required"),
            ({"body": "HEALTH_DEPARTMENT"}, "", "owner-required"),
            ({"bin": "", "body": "HEALTH_DEPARTMENT"}, "", "owner-required"),
            ({"phone": ""}, "", "reach-required"),
            ({"email": "x"}, "email", "bad-email"),
            ({"languages": "de"}, "languages", "unknown-code"),
            ({"valid_to": "soon"}, "valid_to", "bad-date"),
            ({"valid_from": "2026-05-01", "valid_to": "2026-04-01"}, "", "dates-reversed"),
        ],
    )
    async def test_a_wrong_line_is_refused_with_its_reason(self, listed, changed, field, code):
        (line,) = (await listed.load_sheet("contacts", contacts(changed))).json()["rejected"]
        assert (line["line"], line["field"], line["code"]) == (2, field, code)

    async def test_semicolons_as_separator_leave_no_list_in_a_cell_without_quotes(self, listed):
        document = lines(CONTACT_COLUMNS, CONTACT | {"languages": '"kk;ru"'}, separator=";")
        assert (await listed.load_sheet("contacts", document)).json()["added"] == 1
        assert (await listed.rows(Contact))[0].languages == ["kk", "ru"]


class TestDoctors:
    async def test_doctors_are_listed_for_everybody_by_name_and_no_event_has_them(self, listed):
        document = doctors({}, {"full_name_kk": "", "full_name_ru": "Аман Сынаков", "speciality": "Терапевт"})
        assert (await listed.load_sheet("doctors", document)).json()["added"] == 2
        provider_id = (await listed.providers())[LINE["name_ru"]]
        answer = (await listed.get("/v1/doctors", provider_id=str(provider_id))).json()
        assert [(item["full_name_kk"], item["speciality"]) for item in answer["items"]] == [
            ("Аман Сынаков", "Терапевт"),
            ("Сынақ Дәрігер", "Кардиолог"),
        ]
        assert answer["items"][0].keys() == {"doctor_id", "full_name_kk", "full_name_ru", "speciality"}
        assert len(await listed.emitted(ProviderRecorded)) == len(PROVIDERS)

    async def test_a_doctor_with_an_end_is_not_listed_after_it(self, listed):
        await listed.load_sheet("doctors", doctors({"valid_from": "2026-01-01"}))
        answer = (await listed.load_sheet("doctors", doctors({"valid_from": "2026-01-01", "valid_to": "2026-02-01"}))).json()
        assert actions(answer) == [(2, "CHANGED", ["valid_to"], "")]
        provider_id = (await listed.providers())[LINE["name_ru"]]
        assert (await listed.get("/v1/doctors", provider_id=str(provider_id))).json()["total"] == 0

    async def test_one_doctor_twice_in_a_file_is_refused_once(self, listed):
        answer = (await listed.load_sheet("doctors", doctors({}, {"full_name_ru": "СЫНАК ДАРИГЕР"}))).json()
        assert [line["code"] for line in answer["rejected"]] == ["duplicate"]


class TestWorkbooks:
    async def test_a_workbook_is_imported_like_csv_and_numbers_keep_their_leading_zeros(self, listed):
        number = next(number for number in range(40_140_000_000, 40_140_000_999) if is_valid_bin(f"{number:012d}"))
        rows = [list(LINE), [number if name == "bin" else value for name, value in LINE.items()]]
        answer = await listed.client.post(
            "/provider-contact/v1/providers/imports",
            content=workbook(rows),
            headers=listed.token("admin") | {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        )
        assert answer.json()["added"] == 1

    async def test_a_broken_workbook_is_refused_with_a_sentence(self, listed):
        answer = await listed.load_sheet("providers", b"PK\x03\x04broken")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-text")


class TestHistory:
    async def test_each_import_is_listed_with_who_when_and_the_figures(self, listed):
        await listed.load_sheet("doctors", doctors({}, {"bin": "1"}))
        answer = (await listed.get("/v1/imports", listed.token("head"))).json()
        newest, first = answer["items"]
        assert answer["total"] == 2
        assert (newest["sheet"], newest["added"], newest["rejected"], newest["state"]) == ("DOCTORS", 1, 1, "IMPORTED")
        assert (first["sheet"], first["added"]) == ("PROVIDERS", len(PROVIDERS))
        report = (await listed.get(f"/v1/imports/{newest['import_id']}", listed.token("head"))).json()["report"]
        assert [line["action"] for line in report] == ["ADDED", "REFUSED"]
        assert (await listed.get(f"/v1/imports/{UUID(int=9)}", listed.token("head"))).status_code == 404
        page = (await listed.get("/v1/imports", listed.token("head"), limit=1)).json()
        rest = (await listed.get("/v1/imports", listed.token("head"), limit=1, cursor=page["next_cursor"])).json()
        assert (rest["items"][0]["import_id"], rest["next_cursor"]) == (first["import_id"], None)


class TestUndo:
    async def test_changed_entries_are_as_before_and_are_published(self, listed):
        before = {row.provider_id: row for row in await listed.rows(Provider)}
        changed = (await listed.load({"name_ru": "Другая поликлиника", "phone": "+77010000001"}, *PROVIDERS[1:])).json()
        answer = await undo(listed, changed["import_id"])
        assert (answer.status_code, answer.json()["state"]) == (200, "UNDONE")
        after = {row.provider_id: row for row in await listed.rows(Provider)}
        for provider_id, row in before.items():
            assert (after[provider_id].name_ru, after[provider_id].fingerprint) == (row.name_ru, row.fingerprint)
            if row.phone is not None:
                phones = {listed.parts.sealer.open("provider", provider_id, "phone", each.phone) for each in (row, after[provider_id])}
                assert len(phones) == 1
        assert (await listed.emitted(ProviderRecorded))[-1].name_ru == LINE["name_ru"]
        assert (await listed.load(*PROVIDERS)).json()["unchanged"] == len(PROVIDERS)

    async def test_added_providers_end_and_the_next_import_brings_them_back_under_the_same_id(self, listed):
        added = (await listed.load({"bin": BINS[9], "name_ru": "Новая поликлиника"})).json()
        provider_id = (await listed.providers())["Новая поликлиника"]
        assert (await undo(listed, added["import_id"])).status_code == 200
        assert "Новая поликлиника" not in await listed.providers()
        assert (await listed.emitted(ProviderRecorded))[-1].active is False
        await listed.load({"bin": BINS[9], "name_ru": "Новая поликлиника"})
        assert (await listed.providers())["Новая поликлиника"] == provider_id
        assert (await listed.emitted(ProviderRecorded))[-1].active is True

    async def test_added_contacts_contracts_and_doctors_are_removed(self, listed):
        row = LINE | {"contract_year": "2026", "care_types": "PRIMARY"}
        for kind, document, model in (
            ("contacts", contacts({}), Contact),
            ("doctors", doctors({}), Doctor),
            ("providers", lines(row.keys(), row), ProviderContract),
        ):
            done = (await listed.load_sheet(kind, document)).json()
            assert len(await listed.rows(model)) == 1
            assert (await undo(listed, done["import_id"])).status_code == 200
            assert await listed.rows(model) == []

    async def test_only_the_latest_can_be_undone_and_only_once(self, listed):
        first = (await listed.load_sheet("doctors", doctors({}))).json()
        second = (await listed.load_sheet("contacts", contacts({}))).json()
        assert (await undo(listed, first["import_id"])).json()["code"] == "import-not-latest"
        assert (await undo(listed, second["import_id"])).status_code == 200
        assert (await undo(listed, second["import_id"])).json()["code"] == "import-not-latest"
        assert (await undo(listed, first["import_id"])).status_code == 200

    async def test_an_import_without_changes_is_no_obstacle(self, listed):
        first = (await listed.load_sheet("doctors", doctors({}))).json()
        await listed.load(*PROVIDERS)
        assert (await undo(listed, first["import_id"])).status_code == 200

    async def test_it_is_refused_if_an_appeal_names_an_added_provider(self, listed):
        added = (await listed.load({"bin": BINS[9], "name_ru": "Новая поликлиника"})).json()
        await listed.consume(registered(1, provider_id=(await listed.providers())["Новая поликлиника"]))
        answer = await undo(listed, added["import_id"])
        assert (answer.status_code, answer.json()["code"]) == (409, "import-built-on")
        assert "Новая поликлиника" in await listed.providers()

    async def test_it_is_refused_if_an_added_doctor_is_rated(self, listed):
        done = (await listed.load_sheet("doctors", doctors({}))).json()
        (doctor,) = await listed.rows(Doctor)
        async with listed.parts.database.write() as session:
            month = {"score": 5, "aspects": {}, "month": NOW.date().replace(day=1)}
            session.add(Rating(rating_id=UUID(int=1), provider_id=doctor.provider_id, doctor_id=doctor.doctor_id, **month))
        assert (await undo(listed, done["import_id"])).json()["code"] == "import-built-on"
        assert await listed.rows(Doctor) != []

    async def test_an_unknown_import_is_not_found(self, listed):
        assert (await undo(listed, UUID(int=9))).status_code == 404

    async def test_who_may(self, listed):
        done = (await listed.load_sheet("doctors", doctors({}))).json()
        assert (await undo(listed, done["import_id"], role="head")).status_code == 403

    async def test_former_entries_are_sealed(self, listed):
        await listed.load({"name_ru": "Другая поликлиника", "phone": ""}, {"bin": SOLE_TRADER, **PROVIDERS[4], "name_ru": "ИП «Жаңа»"})
        changes = [change for change in await listed.rows(DirectoryChange) if change.before is not None]
        assert len(changes) == 2
        assert LINE["phone"] not in await listed.every_column()

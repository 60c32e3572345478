import asyncio
import csv
import io

import pytest

from provider_contact.directory.models import Provider
from provider_contact.directory.service.sheets import COLUMNS, PROVIDER_FORM, read_sheet
from shared.contracts import ProviderRecorded
from shared.errors import InvalidInput, MalformedText
from tests.provider_contact.conftest import BINS, LINE, PROVIDERS, SOLE_TRADER, sheet


def read_list(document):
    return read_sheet(document, PROVIDER_FORM)


class TestReadList:
    def test_a_line_is_read_with_its_aliases_apart(self):
        line = read_list(sheet({}).encode()).lines[0]
        assert line.aliases == ["5 емхана", "Гор. пол-ка 5"]
        assert line.phone == "+77010000000"

    def test_a_byte_order_mark_and_quotes_are_accepted(self):
        document = sheet({"name_ru": 'ТОО "Клиника", филиал', "aliases": "а; ;б;"}).encode("utf-8-sig")
        line = read_list(document).lines[0]
        assert (line.name_ru, line.aliases) == ('ТОО "Клиника", филиал', ["а", "б"])

    def test_columns_may_stand_in_any_order(self):
        names = list(reversed(COLUMNS))
        document = ",".join(names) + "\n" + ",".join(LINE[name].replace(",", " ") for name in names)
        assert read_list(document.encode()).lines[0].bin == LINE["bin"]

    @pytest.mark.parametrize("header", ["", "bin", ",".join(COLUMNS[1:]), ",".join((*COLUMNS, "note")), ",".join(COLUMNS).upper()])
    def test_another_header_is_refused_as_a_whole(self, header):
        with pytest.raises(InvalidInput):
            read_list(f"{header}\n".encode())

    def test_windows_1251_is_refused_by_its_name(self):
        with pytest.raises(MalformedText) as refused:
            read_list(sheet({}).encode("cp1251", "replace"))
        assert "Windows-1251" in refused.value.detail

    @pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16"), (";", "utf-16-le")])
    def test_a_list_as_excel_writes_it_is_read(self, separator, encoding):
        target = io.StringIO()
        csv.writer(target, delimiter=separator).writerows(csv.reader(io.StringIO(sheet({}))))
        line = read_list(target.getvalue().encode(encoding)).lines[0]
        assert (line.bin, line.aliases) == (LINE["bin"], ["5 емхана", "Гор. пол-ка 5"])

    def test_another_separator_is_refused_with_a_sentence(self):
        with pytest.raises(InvalidInput) as refused:
            read_list(sheet({}).replace(",", "|").encode())
        assert "commas, semicolons or tabs" in refused.value.detail

    def test_a_quotation_mark_that_is_not_closed_costs_its_line_alone(self):
        document = sheet({}, {"bin": BINS[1]}, {"bin": BINS[2]}).replace(f"{BINS[1]},", f'{BINS[1]},"')
        read = read_list(document.encode())
        assert [line.bin for line in read.lines] == [LINE["bin"], BINS[2]]
        assert [(line.line, line.code) for line in read.rejected] == [(3, "malformed-csv")]

    @pytest.mark.parametrize(
        ("changed", "field", "code"),
        [
            ({"bin": ""}, "bin", "required"),
            ({"bin": "123"}, "bin", "bad-bin"),
            ({"bin": "991231501015"}, "bin", "bad-bin"),
            ({"name_kk": " "}, "name_kk", "required"),
            ({"name_ru": ""}, "name_ru", "required"),
            ({"name_ru": "я" * 401}, "name_ru", "too-long"),
            ({"name_ru": "\u200b"}, "name_ru", "too-short"),
            ({"aliases": ";".join("а" * 31)}, "aliases", "too-many"),
            ({"aliases": "я" * 401}, "aliases", "too-long"),
            ({"region": "KZ-99"}, "region", "unknown-code"),
            ({"region": ""}, "region", "required"),
            ({"kind": "SHOP"}, "kind", "unknown-code"),
            ({"ownership": "MINE"}, "ownership", "unknown-code"),
            ({"email": "nobody"}, "email", "bad-email"),
            ({"phone": "12"}, "phone", "bad-phone"),
            ({"bin": "1", "region": "KZ-99"}, "bin", "bad-bin"),
        ],
    )
    def test_a_wrong_line_is_refused_with_its_first_error(self, changed, field, code):
        read = read_list(sheet(changed, {"bin": BINS[1]}).encode())
        assert [(line.line, line.field, line.code) for line in read.rejected] == [(2, field, code)]
        assert [line.bin for line in read.lines] == [BINS[1]]

    def test_a_refusal_repeats_nothing_of_the_line(self):
        refused = read_list(sheet({"bin": "secret-bin", "email": "secret-mail"}).encode()).rejected[0]
        assert "secret" not in refused.model_dump_json()

    def test_lines_are_counted_as_an_editor_shows_them(self):
        read = read_list(sheet({"name_kk": "екі\nжол"}, {"bin": "1"}, {"bin": BINS[1], "kind": "?"}).encode())
        assert [line.line for line in read.rejected] == [4, 5]

    def test_what_is_no_csv_is_one_refused_line(self):
        document = sheet({}) + 'a,b\r\n"x"y,,,,,,,,,,\r\n\r\n'
        assert [(line.line, line.code) for line in read_list(document.encode()).rejected] == [(3, "malformed-csv"), (4, "malformed-csv")]

    def test_the_same_bin_twice_is_taken_once(self):
        read = read_list(sheet({}, {"name_ru": "Другая"}).encode())
        assert [(line.line, line.code) for line in read.rejected] == [(3, "duplicate")]


class TestImportProviders:
    async def test_new_providers_are_imported_and_emitted(self, world):
        answer = (await world.load(*PROVIDERS)).json()
        assert (answer["received"], answer["imported"], answer["added"], answer["unchanged"], answer["rejected"]) == (5, 5, 5, 0, [])
        emitted = await world.emitted(ProviderRecorded)
        assert [each.name_ru for each in emitted][1] == "Городская поликлиника №15"
        assert all(each.active for each in emitted)

    async def test_the_same_list_again_changes_and_emits_nothing(self, listed):
        answer = (await listed.load(*PROVIDERS)).json()
        assert (answer["received"], answer["imported"], answer["unchanged"], answer["report"]) == (5, 0, 5, [])
        assert len(await listed.emitted(ProviderRecorded)) == 5

    async def test_a_changed_line_changes_its_provider_and_is_emitted(self, listed):
        before = {provider.bin_key: provider.provider_id for provider in await listed.rows(Provider)}
        answer = (await listed.load({"name_ru": "Новая поликлиника", "phone": ""}, *PROVIDERS[1:])).json()
        assert (answer["imported"], answer["unchanged"]) == (1, 4)
        assert {provider.bin_key: provider.provider_id for provider in await listed.rows(Provider)} == before
        assert (await listed.emitted(ProviderRecorded))[-1].name_ru == "Новая поликлиника"
        assert "Новая поликлиника" in await listed.providers()

    async def test_refused_lines_stop_no_others(self, world):
        answer = (await world.load({}, {"bin": "1"})).json()
        assert (answer["received"], answer["imported"]) == (2, 1)
        assert [(line["line"], line["field"], line["code"]) for line in answer["rejected"]] == [(3, "bin", "bad-bin")]

    async def test_nothing_personal_stands_in_the_open(self, listed):
        stored = await listed.every_column()
        assert "Городская поликлиника №15" in stored
        for secret in (LINE["bin"], SOLE_TRADER, LINE["email"], LINE["phone"]):
            assert secret not in stored

    async def test_only_an_admin_may(self, world):
        assert (await world.load({}, role="head")).status_code == 403
        assert (await world.client.post("/provider-contact/v1/providers/imports", content="")).status_code == 401

    async def test_another_content_type_is_refused(self, world):
        assert (await world.load({}, **{"Content-Type": "application/json"})).status_code == 415

    async def test_a_key_sent_again_answers_as_the_first_time(self, world):
        first = await world.load({}, **{"Idempotency-Key": "list-1"})
        again = await world.load({}, **{"Idempotency-Key": "list-1"})
        assert again.content == first.content
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (await world.load(*PROVIDERS, **{"Idempotency-Key": "list-1"})).json()["code"] == "idempotency-key-reused"

    async def test_two_at_once_leave_one_provider(self, world):
        answers = await asyncio.gather(world.load({}), world.load({}))
        assert sorted(answer.json()["imported"] for answer in answers) == [0, 1]
        assert len(await world.rows(Provider)) == 1

    async def test_statements_do_not_grow_with_the_list(self, world):
        world.statements.clear()
        await world.load({})
        few = len(world.statements)
        world.statements.clear()
        await world.load(*({"bin": number, "phone": "" if at % 2 else LINE["phone"]} for at, number in enumerate(BINS[1:])))
        assert len(world.statements) == few

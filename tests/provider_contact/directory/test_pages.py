from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

import provider_contact
from provider_contact.directory.models import Contact, DirectoryImport, Provider, ProviderContract
from provider_contact.directory.service.contacts import opened
from shared.contracts import ProviderRecorded
from shared.web.catalogs import missing_messages
from shared.web.session import COOKIE
from tests.provider_contact.conftest import BINS, LINE, PROVIDERS, SOLE_TRADER, sheet

DIRECTORY = "/provider-contact/directory"
CONTACT = {"contact": "new", "expected_version": "0", "action": "save", "role": "PATIENT_SUPPORT", "phone": "8 701 000 00 77"}


def cookie(world, role="admin", **claims):
    token = world.token(role, **({"region": "KZ-43"} if role in {"supervisor", "head"} else {}), **claims)["Authorization"]
    return {"Cookie": f"{COOKIE}={token.removeprefix('Bearer ')}", "Accept": "text/html"}


async def seen(world, path="", role="admin", language="ru", **query):
    return await world.client.get(DIRECTORY + path, headers=cookie(world, role), params={"lang": language} | query)


async def send(world, path, sender="admin", **fields):
    return await world.client.post(DIRECTORY + path, headers=cookie(world, sender), params={"lang": "ru"}, data=fields)


async def upload(world, document, kind="PROVIDERS"):
    return await world.client.post(
        f"{DIRECTORY}/imports",
        headers=cookie(world),
        params={"lang": "ru"},
        data={"sheet": kind},
        files={"file": ("list.csv", BytesIO(document))},
    )


@pytest.fixture
async def card(listed):
    return f"/{(await listed.providers())[LINE['name_ru']]}"


class TestSearch:
    async def test_a_name_as_people_say_it_finds_the_organisation(self, listed, card):
        page = (await seen(listed, query="бесінші емхана", region="KZ-43")).text
        assert f"{DIRECTORY}{card}" in page
        assert "№15" not in page

    @pytest.mark.parametrize(
        ("language", "sentence"), [("ru", "Организация не найдена"), ("kk", "Ұйым табылмады"), ("en", "No organisation is found")]
    )
    async def test_nothing_found_says_what_to_do(self, listed, language, sentence):
        assert sentence in (await seen(listed, query="Сұңқар", language=language)).text

    async def test_an_empty_directory_leads_to_the_import(self, world):
        page = (await seen(world)).text
        assert "Справочник пуст" in page
        assert f'href="{DIRECTORY}/imports"' in page

    async def test_a_long_list_has_pages(self, listed, monkeypatch):
        monkeypatch.setattr("provider_contact.directory.pages.search.LISTED", 2)
        page = (await seen(listed)).text
        assert page.count(f'href="{DIRECTORY}/') >= 2
        assert 'rel="next"' in page


class TestCard:
    async def test_it_shows_names_contacts_contract_years_and_doctors(self, listed, card):
        row = LINE | {"contract_year": "2026", "care_types": "PRIMARY", "level": "CITY", "attached_population": "12345"}
        await listed.load_sheet("providers", "\n".join((",".join(row), ",".join(row.values()))))
        doctor = f"bin,full_name_kk,full_name_ru,speciality\n{BINS[0]},Сынақ Дәрігер,Сынак Даригер,Кардиолог"
        await listed.load_sheet("doctors", doctor)
        page = (await seen(listed, card)).text
        for shown in (
            LINE["name_kk"],
            LINE["bin"],
            "2026",
            "Первичная медико-санитарная помощь",
            "Городской",
            "Сынак Даригер",
            "+77010000000",
        ):
            assert shown in page

    async def test_empty_parts_say_so(self, listed):
        provider_id = (await listed.providers())["Городская поликлиника №15"]
        page = (await seen(listed, f"/{provider_id}")).text
        for sentence in ("Годов договоров пока нет", "Врачей пока нет"):
            assert sentence in page

    async def test_readers_see_no_form_and_may_not_send_one(self, listed, card):
        for role in ("supervisor", "head"):
            page = (await seen(listed, card, role)).text
            assert LINE["name_ru"] in page
            assert '<form method="post" action="/provider-contact' not in page
            assert (await send(listed, f"{card}/aliases", role, aliases="x", expected_version="1")).status_code == 403
        assert (await seen(listed, card, "operator")).status_code == 403
        visitor = await listed.client.get(DIRECTORY + card, headers={"Accept": "text/html"})
        assert (visitor.status_code, visitor.headers["location"]) == (303, f"/sign-in?next=%2Fprovider-contact%2Fdirectory%2F{card[1:]}")

    async def test_an_unknown_provider_is_not_found(self, listed):
        assert (await seen(listed, f"/{UUID(int=9)}")).status_code == 404

    async def test_a_sole_traders_number_is_shown_to_the_keeper(self, listed):
        provider_id = (await listed.providers())["ИП «Ақ тіс»"]
        assert SOLE_TRADER in (await seen(listed, f"/{provider_id}")).text


class TestAliases:
    async def test_they_are_found_published_and_left_alone_by_imports(self, listed, card):
        answer = await send(listed, f"{card}/aliases", aliases="Көк емхана\r\nСиняя\r\n\r\nСиняя", expected_version="1")
        assert answer.headers["location"] == f"{DIRECTORY}{card}?flash=saved"
        assert (await listed.get("/v1/providers", query="синяя")).json()["items"][0]["name_ru"] == LINE["name_ru"]
        assert (await listed.emitted(ProviderRecorded))[-1].aliases == ["5 емхана", "Гор. пол-ка 5", "Көк емхана", "Синяя"]
        await listed.load({"aliases": "другое"})
        (provider,) = [row for row in await listed.rows(Provider) if row.name_ru == LINE["name_ru"]]
        assert (provider.aliases, provider.added_aliases) == (["другое"], ["Көк емхана", "Синяя"])

    async def test_an_older_page_saves_nothing(self, listed, card):
        await send(listed, f"{card}/aliases", aliases="Синяя", expected_version="1")
        answer = await send(listed, f"{card}/aliases", aliases="Красная", expected_version="1")
        assert answer.headers["location"].endswith("flash=changed-meanwhile")
        assert "Красная" not in (await seen(listed, card)).text

    async def test_too_many_are_refused_and_stay_in_the_form(self, listed, card):
        answer = await send(listed, f"{card}/aliases", aliases="\n".join(f"имя {number}" for number in range(31)), expected_version="1")
        assert answer.status_code == 422
        assert "имя 30" in answer.text
        assert "Слишком много записей" in answer.text

    async def test_the_change_can_be_undone_once(self, listed, card):
        await send(listed, f"{card}/aliases", aliases="Синяя", expected_version="1")
        page = (await seen(listed, card)).text
        path = page.partition(f'action="{DIRECTORY}/changes/')[2].partition('"')[0]
        assert (await send(listed, f"/changes/{path}")).headers["location"] == f"{DIRECTORY}{card}?flash=undone"
        assert (await listed.get("/v1/providers", query="синяя")).json()["items"] == []
        assert (await send(listed, f"/changes/{path}")).headers["location"].endswith("flash=not-undone")


class TestContacts:
    async def stored(self, listed):
        return [(row, opened(row, listed.parts.sealer)) for row in await listed.rows(Contact)]

    async def test_a_contact_is_added_changed_and_removed(self, listed, card):
        fields = CONTACT | {"name": "Сынақ Қолдау", "language_kk": "yes", "valid_from": "01.02.2026"}
        assert (await send(listed, f"{card}/contacts", **fields)).headers["location"].endswith("flash=saved")
        ((row, contact),) = await self.stored(listed)
        assert (contact.phone, contact.languages, contact.valid_from.isoformat()) == ("+77010000077", ("kk",), "2026-02-01")
        assert "Служба поддержки пациента" in (await seen(listed, card)).text
        changed = fields | {"contact": str(row.contact_id), "expected_version": "1", "email": "spp@emhana5.example"}
        assert (await send(listed, f"{card}/contacts", **changed)).headers["location"].endswith("flash=saved")
        ((row, contact),) = await self.stored(listed)
        assert (contact.email, contact.version) == ("spp@emhana5.example", 2)
        removed = {"contact": str(row.contact_id), "expected_version": "2", "action": "remove"}
        await send(listed, f"{card}/contacts", **removed)
        assert await self.stored(listed) == []
        page = (await seen(listed, card)).text
        path = page.partition(f'action="{DIRECTORY}/changes/')[2].partition('"')[0]
        await send(listed, f"/changes/{path}")
        assert [contact.email for _, contact in await self.stored(listed)] == ["spp@emhana5.example"]

    @pytest.mark.parametrize(
        ("changed", "sentence"),
        [
            ({"phone": "12"}, "Это не номер телефона Казахстана"),
            ({"phone": ""}, "Укажите телефон или электронную почту"),
            ({"email": "x"}, "Это не адрес электронной почты"),
            ({"valid_to": "скоро"}, "Это не дата"),
            ({"role": ""}, "Заполните это поле"),
        ],
    )
    async def test_a_wrong_field_is_explained_and_nothing_typed_is_lost(self, listed, card, changed, sentence):
        answer = await send(listed, f"{card}/contacts", **CONTACT | {"hours": "дүйсенбі 9–18"} | changed)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert "дүйсенбі 9–18" in answer.text
        assert await listed.rows(Contact) == []

    async def test_an_older_page_changes_nothing(self, listed, card):
        await send(listed, f"{card}/contacts", **CONTACT)
        ((row, _),) = await self.stored(listed)
        older = CONTACT | {"contact": str(row.contact_id), "expected_version": "7", "phone": "87010000011"}
        assert (await send(listed, f"{card}/contacts", **older)).headers["location"].endswith("flash=changed-meanwhile")

    async def test_a_contact_of_another_provider_is_not_found(self, listed, card):
        await send(listed, f"{card}/contacts", **CONTACT)
        ((row, _),) = await self.stored(listed)
        other = (await listed.providers())["Городская поликлиника №15"]
        moved = CONTACT | {"contact": str(row.contact_id), "expected_version": "1"}
        assert (await send(listed, f"/{other}/contacts", **moved)).status_code == 404


class TestContracts:
    async def test_a_year_is_set_and_without_types_removed(self, listed, card):
        await send(listed, f"{card}/contracts", contract_year="2026", care_PRIMARY="yes", care_DENTAL="yes")
        ((year, care),) = [(row.year, row.care_types) for row in await listed.rows(ProviderContract)]
        assert (year, care) == (2026, ["DENTAL", "PRIMARY"])
        await send(listed, f"{card}/contracts", contract_year="2026")
        assert await listed.rows(ProviderContract) == []

    async def test_a_wrong_year_is_explained(self, listed, card):
        answer = await send(listed, f"{card}/contracts", contract_year="1999", care_PRIMARY="yes")
        assert (answer.status_code, "Число вне допустимых пределов" in answer.text) == (422, True)


class TestBodies:
    async def test_a_health_department_has_contacts_that_can_be_undone(self, listed):
        path = "/bodies/HEALTH_DEPARTMENT/KZ-43/contacts"
        answer = await send(listed, path, **CONTACT | {"role": "RECEPTION"})
        assert answer.headers["location"] == f"{DIRECTORY}/bodies?body=HEALTH_DEPARTMENT&region=KZ-43&flash=saved"
        page = (await seen(listed, "/bodies", region="KZ-43")).text
        assert "+77010000077" in page
        change = page.partition(f'action="{DIRECTORY}/changes/')[2].partition('"')[0]
        assert (await send(listed, f"/changes/{change}")).headers["location"] == f"{DIRECTORY}/bodies?flash=undone"
        assert await listed.rows(Contact) == []

    async def test_an_unknown_body_is_not_found(self, listed):
        assert (await send(listed, "/bodies/NOBODY/KZ-43/contacts", **CONTACT)).status_code == 404


class TestImports:
    async def test_the_report_comes_first_and_the_confirmation_imports(self, listed):
        answer = await upload(listed, sheet({"name_ru": "Другая поликлиника"}, {"bin": BINS[9]}, {"bin": "1"}).encode())
        assert answer.status_code == 303
        draft = answer.headers["location"].removeprefix(DIRECTORY)
        page = (await seen(listed, draft)).text
        for sentence in ("Что изменится", "изменено", "добавлено", "не принято", "Это не БИН и не ИИН", "name_ru"):
            assert sentence in page
        assert "Другая поликлиника" not in await listed.providers()
        done = await send(listed, f"{draft}/confirm")
        assert done.headers["location"] == f"{DIRECTORY}{draft}?flash=imported"
        assert "Другая поликлиника" in await listed.providers()
        assert [row.document for row in await listed.rows(DirectoryImport)] == [None, None]
        assert (await send(listed, f"{draft}/confirm")).headers["location"].endswith("flash=draft-gone")

    async def test_a_draft_is_not_in_the_history_and_can_be_discarded(self, listed):
        draft = (await upload(listed, sheet({"name_ru": "Другая"}).encode())).headers["location"].removeprefix(DIRECTORY)
        assert f"{DIRECTORY}{draft}" not in (await seen(listed, "/imports")).text
        assert (await send(listed, f"{draft}/discard")).headers["location"].endswith("flash=discarded")
        assert (await seen(listed, draft)).status_code == 404

    async def test_a_draft_of_yesterday_cannot_be_imported_any_more(self, listed):
        draft = (await upload(listed, sheet({"name_ru": "Другая"}).encode())).headers["location"].removeprefix(DIRECTORY)
        listed.clock.advance(timedelta(days=1, seconds=1))
        assert (await send(listed, f"{draft}/confirm")).headers["location"].endswith("flash=draft-gone")
        await upload(listed, sheet({"name_ru": "Третья"}).encode())
        assert (await seen(listed, draft)).status_code == 404

    @pytest.mark.parametrize(
        ("document", "sentence"),
        [
            (b"", "Выберите файл"),
            (b"a,b\n1,2", "не названы столбцы"),
            ("бин;атауы\n1;2".encode("cp1251"), "Файл не удаётся прочитать"),
            (b"PK\x03\x04nothing", "Файл не удаётся прочитать"),
        ],
    )
    async def test_a_file_that_cannot_be_read_says_what_to_do(self, listed, document, sentence):
        answer = await upload(listed, document)
        assert (answer.status_code, sentence in answer.text) == (422, True)

    async def test_a_file_that_is_too_large_is_refused(self, listed, monkeypatch):
        monkeypatch.setattr("provider_contact.directory.pages.imports.FILE_LIMIT", 100)
        answer = await upload(listed, sheet({}).encode())
        assert (answer.status_code, "Файл больше 8 МБ" in answer.text) == (422, True)

    async def test_the_latest_import_is_undone_on_its_page(self, listed):
        answer = (await listed.load({"name_ru": "Другая поликлиника"})).json()
        path = f"/imports/{answer['import_id']}"
        assert "Отменить загрузку" in (await seen(listed, path)).text
        assert (await send(listed, f"{path}/undo")).headers["location"] == f"{DIRECTORY}{path}?flash=import-undone"
        assert LINE["name_ru"] in await listed.providers()
        page = (await seen(listed, path)).text
        assert "Отменить загрузку" not in page
        assert "отменено" in (await seen(listed, "/imports")).text

    async def test_an_undo_that_is_refused_says_why(self, listed, card):
        answer = (await listed.load({"name_ru": "Другая поликлиника"})).json()
        await send(listed, f"{card}/aliases", aliases="Синяя", expected_version="2")
        refused = await send(listed, f"/imports/{answer['import_id']}/undo")
        assert refused.headers["location"].endswith("flash=import-built-on")

    async def test_readers_see_the_history_without_forms(self, listed):
        page = (await seen(listed, "/imports", "head")).text
        assert f"добавлено: {len(PROVIDERS)}" in page
        assert '<form method="post" action="/provider-contact' not in page

    async def test_forms_of_other_sites_are_refused(self, listed, card):
        headers = cookie(listed) | {"Sec-Fetch-Site": "cross-site"}
        answer = await listed.client.post(f"{DIRECTORY}{card}/aliases", headers=headers, data={"aliases": "x"})
        assert answer.status_code == 403


def test_every_sentence_is_translated():
    assert missing_messages(Path(provider_contact.__file__).parent) == []


class TestUnknownEntries:
    @pytest.mark.parametrize(
        ("path", "fields"),
        [
            (f"/{UUID(int=9)}/contacts", CONTACT),
            (f"/{UUID(int=9)}/aliases", {"aliases": "5 емхана", "expected_version": "1"}),
            (f"/{UUID(int=9)}/contracts", {"contract_year": "2026", "care_types": "POLYCLINIC"}),
            (f"/changes/{UUID(int=9)}/undo", {}),
            (f"/imports/{UUID(int=9)}/confirm", {}),
            (f"/imports/{UUID(int=9)}/discard", {}),
            (f"/imports/{UUID(int=9)}/undo", {}),
            ("/bodies/NOBODY/KZ-43/contacts", CONTACT),
        ],
    )
    async def test_a_form_about_what_is_not_there_is_not_found(self, listed, path, fields):
        assert (await send(listed, path, **fields)).status_code == 404

    async def test_a_contact_of_another_organisation_is_none(self, listed, card):
        assert (await send(listed, f"{card}/contacts", **CONTACT)).status_code == 303
        [contact] = await listed.rows(Contact)
        others = [provider_id for provider_id in (await listed.providers()).values() if f"/{provider_id}" != card]
        changed = CONTACT | {"contact": str(contact.contact_id), "expected_version": "1"}
        assert (await send(listed, f"/{others[0]}/contacts", **changed)).status_code == 404
        assert (await send(listed, f"/{others[0]}/contacts", **changed | {"action": "remove"})).status_code == 404

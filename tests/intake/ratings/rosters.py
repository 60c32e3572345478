"""A double of provider-contact that serves rosters of doctors."""

from uuid import UUID

from fastapi import FastAPI, Response

PROVIDER, OTHER = UUID(int=23), UUID(int=24)
DOCTOR, STRANGER = UUID(int=2301), UUID(int=2401)


def doctor(number, kk="Сынақов Азамат", ru="Сынаков Азамат", speciality="терапевт"):
    return {"doctor_id": str(UUID(int=number)), "full_name_kk": kk, "full_name_ru": ru, "speciality": speciality}


def many(count):
    """A roster of `count` doctors after the first."""
    return [doctor(2301), *(doctor(2400 + each, f"Үлгіов {each}", f"Образцов {each}", "хирург") for each in range(1, count))]


class RosterDouble:
    """Serves `rosters` by provider, in pages as provider-contact does. It fails while `status` is not 200."""

    def __init__(self, rosters):
        self.rosters = rosters
        self.status = 200
        self.asked = []

    @property
    def app(self):
        app = FastAPI()

        @app.get("/provider-contact/v1/doctors")
        async def doctors(provider_id: UUID, limit: int, cursor: int = 0):
            self.asked.append(provider_id)
            if self.status != 200:
                return Response(status_code=self.status)
            found = self.rosters.get(provider_id, [])
            after = cursor + limit
            return {"items": found[cursor:after], "total": len(found), "next_cursor": str(after) if after < len(found) else None}

        return app


def serve_rosters(desk, rosters=None):
    """Let a desk's process have a provider-contact with these rosters. Return the double."""
    double = RosterDouble({PROVIDER: [doctor(2301)], OTHER: [doctor(2401, "Басқаев Нұр", "Баскаев Нур")]} if rosters is None else rosters)
    desk.foundation.local_apps["provider-contact"] = double.app
    return double

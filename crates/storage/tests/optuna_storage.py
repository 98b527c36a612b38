"""The storage of an address: a file of SQLite, a database, or a journal file."""
import optuna
from optuna.storages.journal import JournalFileBackend


def open_storage(url, **options):
    if url.startswith("journal:///"):
        return optuna.storages.JournalStorage(JournalFileBackend(url.removeprefix("journal:///")))
    address = url if "://" in url else f"sqlite:///{url}"
    return optuna.storages.RDBStorage(address, **options)

"""The storage of an address: a database, or a journal file."""
import optuna
from optuna.storages.journal import JournalFileBackend


def open_storage(url, **options):
    if url.startswith("journal:///"):
        return optuna.storages.JournalStorage(JournalFileBackend(url.removeprefix("journal:///")))
    return optuna.storages.RDBStorage(url, **options)

def write_card(folder, name, results):
    pass

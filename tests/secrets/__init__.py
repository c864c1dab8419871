# noqa: A005 - the folder of the floor that it tests

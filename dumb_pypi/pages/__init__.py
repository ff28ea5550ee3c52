"""The pages, one room for each kind: values made of projects, that know no disk, no clock and no environment."""

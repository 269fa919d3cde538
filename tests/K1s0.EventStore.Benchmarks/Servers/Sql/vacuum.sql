-- Leaves no work of earlier writes to the readers of either side.
vacuum (analyze)

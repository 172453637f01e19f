package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import java.util.Iterator;

/** The tasks that the controller still knows. */
public final class TaskNames implements Iterable<String> {
    private final Surroundings surroundings;

    TaskNames(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        return ServerNames.ask(surroundings,
                api -> Lists.tasks(api, "").stream().map(task -> ResourceNames.TASK.id(task.getName())).toList());
    }
}

package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import java.util.Iterator;

/** The migrations that are under way, and the latest of each VM. */
public final class MigrationNames implements Iterable<String> {
    private final Surroundings surroundings;

    MigrationNames(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        return ServerNames.ask(surroundings,
                api -> Lists.migrations(api, "").stream()
                        .map(migration -> ResourceNames.MIGRATION.id(migration.getName())).toList());
    }
}

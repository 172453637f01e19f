package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import java.util.Iterator;

/** The images that there are. */
public final class ImageNames implements Iterable<String> {
    private final Surroundings surroundings;

    ImageNames(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        return ServerNames.ask(surroundings,
                api -> Lists.images(api).stream().map(image -> ResourceNames.IMAGE.id(image.getName())).toList());
    }
}

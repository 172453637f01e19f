package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import io.drover.proto.v1.Image;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** Disks as one begins to write them: of each disk image that there is, or empty. */
public final class DiskHints implements Iterable<String> {
    private final Surroundings surroundings;

    DiskHints(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        Iterator<String> images = ServerNames.ask(surroundings,
                api -> Lists.images(api).stream().filter(Image::hasDiskImage)
                        .map(image -> "name=root,image=" + ResourceNames.IMAGE.id(image.getName())).toList());
        Stream.Builder<String> all = Stream.builder();
        List.of("name=data,size=", "name=root,image=").forEach(all);
        images.forEachRemaining(all);
        return all.build().iterator();
    }
}

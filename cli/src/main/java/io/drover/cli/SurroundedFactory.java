package io.drover.cli;

import java.lang.reflect.Constructor;
import picocli.CommandLine;

/** Makes commands and their groups of options; those whose constructor asks for the surroundings are given them. */
final class SurroundedFactory implements CommandLine.IFactory {
    private final Surroundings surroundings;

    SurroundedFactory(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public <K> K create(Class<K> type) throws Exception {
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (constructor.getParameterCount() == 1 && constructor.getParameterTypes()[0] == Surroundings.class) {
                constructor.setAccessible(true);
                return type.cast(constructor.newInstance(surroundings));
            }
        }
        return CommandLine.defaultFactory().create(type);
    }
}

// For the site that `npm run docs` builds: a page is called what its first heading says, and stands among its kind.
import { Converter, ReflectionKind } from 'typedoc';

const KINDS = {
  start: 'Start',
  concepts: 'Concepts',
  guides: 'Guides',
  reference: 'Reference',
  formats: 'Formats',
  internals: 'Internals',
  decisions: 'Decisions',
};

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const page of project.getReflectionsByKind(ReflectionKind.Document)) {
      const [kind] = page.name.split('/');
      page.frontmatter.group = KINDS[kind] ?? 'Others';
      const text = page.content.map((part) => part.text).join('');
      page.name = /^# (.+)$/m.exec(text)?.[1] ?? page.name;
    }
  });
}

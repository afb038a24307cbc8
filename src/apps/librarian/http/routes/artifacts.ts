import * as E from 'fp-ts/lib/Either.js';
import { compareVersions, parseName, Version } from '../../../../domain/names.ts';
import { addArtifact, type ArtifactAdded } from '../../add-artifact.ts';
import { approve, reject } from '../../intervene.ts';
import { type ListedArtifact, listArtifacts } from '../../list-artifacts.ts';
import { additionJson } from '../../report-json.ts';
import { showArtifact } from '../../show-artifact.ts';
import { answerJson } from '../answer.ts';
import { reason, version } from '../fields.ts';
import { PAGE_FIELDS, pageOf, type PageQuery, pageSchema } from '../page.ts';
import { failureProblem } from '../problem.ts';
import { ref } from '../reports.ts';
import { askerOf, type Route, route } from '../route.ts';
import { defaulted, object } from '../shape.ts';
import { answerWhole } from '../whole.ts';

const PATH = object<{ version: Version }>('path', { version });

/** Whether an artifact comes after the one of that version; a cursor that is none begins at the end. */
const isOlder = (artifact: ListedArtifact, name: string): boolean => {
  const from = parseName(Version)(name);
  return E.isRight(from) && compareVersions(artifact.version, from.right) < 0;
};

/** Every artifact. */
export const getArtifacts = route({
  method: 'GET',
  path: '/v1/artifacts',
  operation: 'listArtifacts',
  summary: 'The artifacts, the newest first.',
  permission: 'read',
  query: object<PageQuery>('query', PAGE_FIELDS),
  answers: { 200: { description: 'A page of artifacts.', schema: pageSchema(ref('Artifact')) } },
  handle: async (ports, { query }) => {
    const listed = await listArtifacts(ports)();
    if (E.isLeft(listed)) return failureProblem(listed.left);
    return answerJson(pageOf(listed.right, query, ({ version: name }) => name, isOlder));
  },
});

/** One artifact. */
export const getArtifact = route({
  method: 'GET',
  path: '/v1/artifacts/:version',
  operation: 'getArtifact',
  summary: 'One artifact: what it is made of, where it is, and what was said of it.',
  permission: 'read',
  params: PATH,
  answers: { 200: { description: 'The artifact.', schema: ref('ShownArtifact') } },
  handle: async (ports, { params }) => {
    const shown = await showArtifact(ports, params.version)();
    return E.isLeft(shown) ? failureProblem(shown.left) : answerJson(shown.right);
  },
});

/** A new artifact. */
export const postArtifact = route<object, { readonly reason: string }, AsyncIterable<Uint8Array>>({
  method: 'POST',
  path: '/v1/artifacts',
  operation: 'addArtifact',
  summary: 'Stores an artifact and uploads it to every stack; the same bytes twice are one artifact.',
  permission: 'artifact:add',
  query: object<{ readonly reason: string }>('query', { reason: defaulted(reason, 'received') }),
  body: 'Tarball',
  answers: {
    200: { description: 'It was there already.', schema: ref('Addition') },
    201: { description: 'It was added.', schema: ref('Addition') },
  },
  handle: async (ports, asked) => {
    const added = await addArtifact(ports)(asked.body, askerOf(asked, asked.query.reason))();
    const good = (json: object) =>
      E.isRight(added) && added.right.isNew
        ? answerJson(json, 201, { location: `/v1/artifacts/${encodeURIComponent(added.right.record.version)}` })
        : answerJson(json);
    return answerWhole<ArtifactAdded>(added, additionJson, good);
  },
});

const judgement = (verb: 'reject' | 'approve', path: string, summary: string): Route =>
  route({
    method: 'POST',
    path,
    operation: verb,
    summary,
    permission: `artifact:${verb}`,
    params: PATH,
    body: object<{ readonly reason: string }>(verb, { reason }),
    isConditional: true,
    answers: { 200: { description: 'What is said of it now.', schema: ref('Judgement') } },
    handle: async (ports, asked) => {
      const judge = verb === 'reject' ? reject : approve;
      const judged = await judge(ports)(askerOf(asked, asked.body.reason), asked.params.version)();
      return E.isLeft(judged)
        ? failureProblem(judged.left)
        : answerJson({ version: asked.params.version, rejected: verb === 'reject' });
    },
  });

/** A rejection. */
export const postRejection = judgement(
  'reject',
  '/v1/artifacts/:version/rejection',
  'Rejects a version: it neither boards nor travels until somebody approves it.',
);

/** An approval. */
export const postApproval = judgement(
  'approve',
  '/v1/artifacts/:version/approval',
  'Takes the rejection of a version back.',
);

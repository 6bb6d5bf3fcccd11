// SPDX-License-Identifier: Apache-2.0
import pdfmake from 'pdfmake';
import { fontFile } from '../../shared/fonts.ts';
import { breaksBefore, pdfContent, styles } from './pdf-content.ts';
import type { Sheet } from './sheet.ts';

/**
 * A data sheet as PDF on A4: contents, sections as bookmarks, numbered pages. `compress: false` leaves its streams as
 * they are, to be looked into.
 */
export async function toPdf(sheet: Sheet, { compress = true } = {}): Promise<Buffer> {
  // The drawings ask for `monospace`, so that is what the font is called here.
  const fonts = {
    sans: { normal: fontFile('sans', 400), bold: fontFile('sans', 600) },
    monospace: { normal: fontFile('mono', 400), bold: fontFile('mono', 600) },
  };
  const files = new Set(Object.values(fonts).flatMap((font) => Object.values(font)));
  pdfmake.setFonts(fonts);
  // Nothing but the fonts is read, whatever a text says.
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path) => files.has(path));
  const { title, subtitle } = sheet;
  const document = pdfmake.createPdf({
    compress,
    info: { title, subject: subtitle, creator: 'bringup', producer: 'bringup' },
    displayTitle: true,
    language: 'en',
    pageSize: 'A4',
    pageMargins: [56, 60, 56, 60],
    defaultStyle: { font: 'sans', fontSize: 9.5, lineHeight: 1.2 },
    styles,
    header: (page) => (page === 1 ? undefined : { text: title, style: 'margin', margin: [56, 30, 56, 0] }),
    footer: (page, pages) => ({
      columns: [
        { text: subtitle, style: 'margin' },
        { text: `${page} of ${pages}`, style: 'margin', alignment: 'right' },
      ],
      margin: [56, 22, 56, 0],
    }),
    pageBreakBefore: breaksBefore,
    content: pdfContent(sheet),
  });
  return document.getBuffer();
}
